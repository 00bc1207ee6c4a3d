import { rvOf, type Scenario } from '../recorder.ts';

const configMap = (name: string, labels: Record<string, string> = {}) => ({
  metadata: { name, labels },
  data: { v: '1' },
});
const names = (body: unknown) =>
  ((body as { items?: { metadata: { name: string } }[] }).items ?? []).map((item) => item.metadata.name);

export const reading: readonly Scenario[] = [
  {
    name: 'label and field selectors',
    async run(api) {
      const path = api.core('configmaps');
      await api.silent('POST', path, configMap('a', { app: 'x', tier: 'front' }));
      await api.silent('POST', path, configMap('b', { app: 'y' }));
      await api.silent('POST', path, configMap('c', { app: 'x', tier: '' }));
      const selectors = [
        'app=x',
        'app==x',
        'app!=x',
        'app in (x,y)',
        'app notin (x)',
        'tier',
        '!tier',
        'app=x,tier=front',
        'tier=',
        'app in (x),tier notin (front)',
        'weight>1',
      ];
      for (const selector of selectors) {
        const { status, body } = await api.silent(
          'GET',
          `${path}?labelSelector=${encodeURIComponent(selector)}`,
        );
        api.note(`labelSelector ${selector}`, [
          status,
          names(body).filter((name) => name !== 'kube-root-ca.crt'),
        ]);
      }
      for (const selector of [
        'metadata.name=a',
        'metadata.name!=a,metadata.name!=kube-root-ca.crt',
        `metadata.namespace=${api.namespace},metadata.name=b`,
        'metadata.namespace=elsewhere',
      ]) {
        const { status, body } = await api.silent(
          'GET',
          `${path}?fieldSelector=${encodeURIComponent(selector)}`,
        );
        api.note(`fieldSelector ${selector.replace(api.namespace, 'NS')}`, [status, names(body)]);
      }
      await api.get(`${path}?fieldSelector=${encodeURIComponent('data.v=1')}`);
      await api.brief('GET', `${path}?labelSelector=${encodeURIComponent('app in x')}`);
    },
  },
  {
    name: 'pages of one list come from one moment',
    async run(api) {
      const path = api.core('secrets');
      for (const name of ['a', 'b', 'c', 'd', 'e']) await api.silent('POST', path, { metadata: { name } });
      const first = await api.get(`${path}?limit=2`);
      const token = (body: unknown) =>
        encodeURIComponent(String((body as { metadata: { continue?: string } }).metadata.continue ?? ''));
      await api.silent('DELETE', `${path}/c`);
      await api.silent('POST', path, { metadata: { name: 'bb' } });
      await api.silent('PATCH', `${path}/d`, { data: { changed: 'MQ==' } }, 'application/merge-patch+json');
      const second = await api.get(`${path}?limit=2&continue=${token(first.body)}`);
      await api.get(`${path}?limit=2&continue=${token(second.body)}`);
      const fresh = await api.silent('GET', path);
      api.note('now', names(fresh.body));
      const exact = await api.silent(
        'GET',
        `${path}?resourceVersion=${rvOf(first)}&resourceVersionMatch=Exact`,
      );
      api.note('at the first moment', names(exact.body));
      await api.get(`${path}?resourceVersionMatch=Exact`);
      await api.get(`${path}?resourceVersion=0&resourceVersionMatch=Exact`);
      await api.get(`${path}?resourceVersion=1&resourceVersionMatch=Sometimes`);
      await api.brief('GET', `${path}?limit=2&continue=garbage`);
      await api.get(`${path}?resourceVersion=abc`);
    },
  },
  {
    name: 'watches tell every change once',
    async run(api) {
      const path = api.core('configmaps');
      const list = await api.silent('GET', path);
      const watch = api.watch(
        `${path}?watch=true&resourceVersion=${rvOf(list)}&fieldSelector=${encodeURIComponent('metadata.name!=kube-root-ca.crt')}`,
      );
      await api.silent('POST', path, configMap('a', { on: 'yes' }));
      await api.silent('PATCH', `${path}/a`, { data: { v: '2' } }, 'application/merge-patch+json');
      await api.silent('DELETE', `${path}/a`);
      api.note('events', await watch.take(3));
      watch.close();
      const again = api.watch(`${path}?watch=true&resourceVersion=${rvOf(list)}&labelSelector=on`);
      api.note(
        'resumed from the same version',
        ((await again.take(3)) as { type: string }[]).map((event) => event.type),
      );
      again.close();
    },
  },
  {
    name: 'objects enter and leave a watched selection',
    async run(api) {
      const path = api.core('configmaps');
      const list = await api.silent('GET', path);
      const watch = api.watch(`${path}?watch=1&resourceVersion=${rvOf(list)}&labelSelector=on%3Dyes`);
      await api.silent('POST', path, configMap('a', { on: 'no' }));
      const patch = (labels: unknown) =>
        api.silent('PATCH', `${path}/a`, { metadata: { labels } }, 'application/merge-patch+json');
      await patch({ on: 'yes' });
      await patch({ more: 'x' });
      await patch({ on: 'no' });
      await patch({ on: 'yes' });
      await api.silent('DELETE', `${path}/a`);
      api.note('events', await watch.take(5));
      watch.close();
    },
  },
  {
    name: 'watches begin with what exists and end in time',
    async run(api) {
      const path = api.core('secrets');
      await api.silent('POST', path, { metadata: { name: 'a' } });
      await api.silent('POST', path, { metadata: { name: 'b' } });
      const watch = api.watch(`${path}?watch=true&timeoutSeconds=2`);
      api.note(
        'events',
        ((await watch.finished()) as { type: string; object: { metadata: { name: string } } }[]).map(
          ({ type, object }) => [type, object.metadata.name],
        ),
      );
      const streamed = api.watch(
        `${path}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
      );
      api.note('initial events', await streamed.take(3));
      streamed.close();
      await api.get(`${path}/b?watch=true`);
      await api.get(`${path}?watch=true&sendInitialEvents=true`);
    },
  },
  {
    name: 'tables and metadata of built-in kinds',
    async run(api) {
      await api.silent('POST', api.core('configmaps'), configMap('a', { x: 'y' }));
      const table = await api.table(api.core('configmaps/a'));
      api.note('a table has one row', (table.body as { rows: unknown[] }).rows.length);
      await api.get(api.core('configmaps/a'), 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io');
    },
  },
];
