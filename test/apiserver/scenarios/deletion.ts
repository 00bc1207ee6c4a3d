import { type Recorder, type Scenario, uidOf } from '../recorder.ts';

const configMap = (name: string, metadata: Record<string, unknown> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
});
const owner = (name: string, uid: string, block = true) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name,
  uid,
  blockOwnerDeletion: block,
});

/** Waits until somebody has asked for the object's deletion. */
async function terminating(api: Recorder, path: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    const { body } = await api.silent('GET', path);
    if ((body as { metadata?: { deletionTimestamp?: string } }).metadata?.deletionTimestamp !== undefined)
      return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const deletion: readonly Scenario[] = [
  {
    name: 'finalizers hold an object back',
    async run(api) {
      const path = api.core('configmaps');
      await api.post(path, configMap('a', { finalizers: ['x.example.com/hold'] }));
      await api.delete(`${path}/a`);
      await api.delete(`${path}/a`);
      await api.merge(`${path}/a`, { data: { still: 'editable' } });
      await api.merge(`${path}/a`, { metadata: { finalizers: ['x.example.com/hold', 'x.example.com/new'] } });
      await api.post(path, configMap('a'));
      await api.merge(`${path}/a`, { metadata: { finalizers: null } });
      await api.get(`${path}/a`);
    },
  },
  {
    name: 'owners take their dependents along',
    controllers: true,
    async run(api) {
      const path = api.core('configmaps');
      const uid = uidOf(await api.post(path, configMap('owner')));
      await api.post(path, configMap('child', { ownerReferences: [owner('owner', uid)] }));
      const child = uidOf(await api.get(`${path}/child`));
      await api.post(path, configMap('grandchild', { ownerReferences: [owner('child', child)] }));
      await api.delete(`${path}/owner`);
      await api.eventually(`${path}/grandchild`, 404);
      await api.post(
        path,
        configMap('lost', { ownerReferences: [owner('nobody', '22222222-2222-2222-2222-222222222222')] }),
      );
      await api.eventually(`${path}/lost`, 404);
    },
  },
  {
    name: 'foreground and orphan deletion',
    controllers: true,
    async run(api) {
      const path = api.core('configmaps');
      const uid = uidOf(await api.post(path, configMap('owner')));
      await api.post(
        path,
        configMap('child', { ownerReferences: [owner('owner', uid)], finalizers: ['x.example.com/hold'] }),
      );
      await api.delete(`${path}/owner?propagationPolicy=Foreground`);
      await terminating(api, `${path}/child`);
      await api.merge(`${path}/child`, { metadata: { finalizers: null } });
      await api.eventually(`${path}/owner`, 404);
      await api.eventually(`${path}/child`, 404);
      const second = uidOf(await api.silent('POST', path, configMap('second')));
      await api.silent('POST', path, configMap('orphan', { ownerReferences: [owner('second', second)] }));
      await api.delete(`${path}/second`, { propagationPolicy: 'Orphan' });
      await api.eventually(`${path}/second`, 404);
      await api.get(`${path}/orphan`);
      await api.delete(`${path}/orphan`, { propagationPolicy: 'Sideways' });
    },
  },
  {
    name: 'namespaces are emptied, then removed',
    controllers: true,
    async run(api) {
      const name = `${api.namespace}-inner`;
      const path = `/api/v1/namespaces/${name}`;
      await api.post('/api/v1/namespaces', { metadata: { name } });
      await api.post(`${path}/configmaps`, configMap('held', { finalizers: ['x.example.com/hold'] }));
      await api.post(`${path}/configmaps`, configMap('free'));
      const deleted = await api.silent('DELETE', path);
      api.note('the phase after the request', (deleted.body as { status: { phase: string } }).status.phase);
      await api.eventually(`${path}/configmaps/free`, 404);
      await api.post(`${path}/configmaps`, configMap('late'));
      await api.silent(
        'PATCH',
        `${path}/configmaps/held`,
        { metadata: { finalizers: null } },
        'application/merge-patch+json',
      );
      await api.eventually(path, 404);
    },
  },
  {
    name: 'collections are deleted by selector',
    async run(api) {
      const path = api.core('configmaps');
      for (const name of ['a', 'b', 'c'])
        await api.silent('POST', path, configMap(name, { labels: { group: name === 'c' ? 'two' : 'one' } }));
      const { status } = await api.silent('DELETE', `${path}?labelSelector=group%3Done`);
      api.note('status', status);
      await api.get(`${path}/a`);
      await api.get(`${path}/c`);
    },
  },
];
