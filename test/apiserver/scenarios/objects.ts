import { rvOf, type Scenario, uidOf } from '../recorder.ts';

const configMap = (name: string, data: Record<string, unknown> = { a: '1' }) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

export const objects: readonly Scenario[] = [
  {
    name: 'create, read, update and delete',
    async run(api) {
      const path = api.core('configmaps');
      const created = await api.post(path, configMap('a'));
      await api.get(`${path}/a`);
      await api.post(path, configMap('a'));
      await api.put(`${path}/a`, {
        ...configMap('a', { a: '2' }),
        metadata: { name: 'a', resourceVersion: '1' },
      });
      await api.put(`${path}/a`, {
        ...configMap('a', { a: '2' }),
        metadata: { name: 'a', resourceVersion: rvOf(created) },
      });
      const same = await api.put(`${path}/a`, configMap('a', { a: '2' }));
      api.note(
        'an update that changes nothing writes nothing',
        rvOf(await api.silent('PUT', `${path}/a`, configMap('a', { a: '2' }))) === rvOf(same),
      );
      await api.put(`${path}/missing`, configMap('missing'));
      await api.put(`${path}/a`, configMap('b'));
      await api.put(`${path}/a`, {
        ...configMap('a'),
        metadata: { name: 'a', uid: '11111111-1111-1111-1111-111111111111' },
      });
      await api.delete(`${path}/a`, { preconditions: { uid: '11111111-1111-1111-1111-111111111111' } });
      await api.delete(`${path}/a`, { preconditions: { resourceVersion: '1' } });
      await api.delete(`${path}/a`, { preconditions: { uid: uidOf(created) } });
      await api.get(`${path}/a`);
      await api.delete(`${path}/a`);
    },
  },
  {
    name: 'names, labels and annotations are checked',
    async run(api) {
      const path = api.core('configmaps');
      for (const name of ['Upper', 'a_b', '-a', 'a..b', `a${'b'.repeat(260)}`])
        await api.post(path, configMap(name));
      await api.post(path, { ...configMap(''), metadata: {} });
      await api.post(path, {
        ...configMap(''),
        metadata: { name: 'l', labels: { ok: 'bad value!' } },
      });
      await api.post(path, { ...configMap(''), metadata: { name: 'l', labels: { 'bad key': 'x' } } });
      await api.brief('POST', path, { ...configMap(''), metadata: { name: 'l', labels: { a: 1 } } });
      await api.post(path, { ...configMap(''), metadata: { name: 'l', annotations: { '/x': 'y' } } });
      await api.post(path, { ...configMap(''), metadata: { name: 'l', namespace: 'elsewhere' } });
      await api.post('/api/v1/namespaces/absent-namespace/configmaps', configMap('a'));
      await api.post(path, { ...configMap('a'), metadata: { name: 'a', resourceVersion: '5' } });
      await api.post(path, configMap('keys', { 'bad/key': 'x' }));
      await api.post(path, {
        ...configMap('o'),
        metadata: { name: 'o', ownerReferences: [{ apiVersion: '', kind: 'Pod', name: 'p', uid: '' }] },
      });
      await api.post(path, { ...configMap('f'), metadata: { name: 'f', finalizers: ['nodomain'] } });
    },
  },
  {
    name: 'names can be generated',
    async run(api) {
      const answer = await api.silent('POST', api.core('configmaps'), { metadata: { generateName: 'gen-' } });
      const name = String((answer.body as { metadata: { name: string } }).metadata.name);
      api.note('status and shape of the name', [
        answer.status,
        /^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/.test(name),
      ]);
    },
  },
  {
    name: 'dry runs change nothing',
    async run(api) {
      const path = api.core('configmaps');
      await api.post(`${path}?dryRun=All`, configMap('a'));
      await api.get(`${path}/a`);
      await api.silent('POST', path, configMap('a'));
      await api.put(`${path}/a?dryRun=All`, configMap('a', { a: '9' }));
      await api.merge(`${path}/a?dryRun=All`, { data: { a: '9' } });
      await api.apply(`${path}/a`, configMap('a', { z: '9' }), 'alice', '&dryRun=All');
      await api.delete(`${path}/a?dryRun=All`);
      await api.get(`${path}/a`);
      await api.post(`${path}?dryRun=Some`, configMap('b'));
    },
  },
  {
    name: 'unknown and wrong fields of built-in kinds',
    async run(api) {
      const path = api.core('configmaps');
      const odd = { ...configMap('a'), extra: 1, metadata: { name: 'a', oddity: true } };
      await api.post(`${path}?fieldValidation=Strict`, odd);
      await api.post(`${path}?fieldValidation=Warn`, odd);
      await api.silent('DELETE', `${path}/a`);
      await api.post(`${path}?fieldValidation=Ignore`, odd);
      await api.post(`${path}?fieldValidation=Maybe`, odd);
      await api.silent('DELETE', `${path}/a`);
      await api.post(path, odd);
      await api.brief(
        'PATCH',
        `${path}/a?fieldValidation=Strict`,
        { extra: 2 },
        'application/merge-patch+json',
      );
      await api.post(path, configMap('n', { gone: null, kept: '1' }));
      const pod = (spec: unknown) => ({ metadata: { name: 'p' }, spec });
      await api.post(
        `${api.core('pods')}?fieldValidation=Strict`,
        pod({ containers: [{ name: 'a', image: 'b', imagee: 'c' }], nope: {} }),
      );
    },
  },
];
