import type { Scenario } from '../recorder.ts';

const statefulSet = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'web', labels: { a: '1', b: '2' } },
  spec: {
    serviceName: 'web',
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          {
            name: 'a',
            image: 'one:1',
            env: [
              { name: 'X', value: '1' },
              { name: 'Y', value: '2' },
            ],
          },
          { name: 'b', image: 'two:1' },
        ],
        volumes: [
          { name: 'v', emptyDir: {} },
          { name: 'w', configMap: { name: 'c' } },
        ],
      },
    },
  },
};

const template = (spec: unknown) => ({ spec: { template: { spec } } });

export const patches: readonly Scenario[] = [
  {
    name: 'merge patches',
    async run(api) {
      const path = api.core('configmaps');
      await api.post(path, { metadata: { name: 'a' }, data: { a: '1', b: '2' } });
      await api.merge(`${path}/a`, { data: { a: null, c: '3' }, metadata: { labels: { x: 'y' } } });
      await api.merge(`${path}/a`, { data: null });
      await api.merge(`${path}/a`, { metadata: { resourceVersion: '1' }, data: { d: '1' } });
      await api.merge(`${path}/a`, { metadata: { name: 'other' } });
      await api.merge(`${path}/missing`, { data: { d: '1' } });
      await api.merge(`${path}/a?force=true`, { data: { d: '1' } });
      await api.brief('PATCH', `${path}/a`, { data: { d: 1 } }, 'application/merge-patch+json');
      await api.merge(`${path}/a`, {});
    },
  },
  {
    name: 'json patches',
    async run(api) {
      const path = api.core('configmaps');
      await api.post(path, { metadata: { name: 'a' }, data: { a: '1', 'x/y': '2' } });
      await api.jsonPatch(`${path}/a`, [
        { op: 'test', path: '/data/a', value: '1' },
        { op: 'add', path: '/data/b', value: '2' },
        { op: 'replace', path: '/data/x~1y', value: '3' },
        { op: 'copy', from: '/data/a', path: '/data/c' },
        { op: 'move', from: '/data/b', path: '/data/d' },
      ]);
      await api.get(`${path}/a`);
      await api.jsonPatch(`${path}/a`, [{ op: 'replace', path: '/data/x~1y', value: null }]);
      const failing = async (patch: unknown) => {
        const { status, body } = await api.silent('PATCH', `${path}/a`, patch, 'application/json-patch+json');
        const { reason, code } = body as Record<string, unknown>;
        api.note(`refused: ${JSON.stringify(patch)}`, { status, reason, code });
      };
      await failing([{ op: 'test', path: '/data/a', value: '9' }]);
      await failing([{ op: 'remove', path: '/data/nope' }]);
      await failing([{ op: 'replace', path: '/nope/a', value: 1 }]);
      await failing({ op: 'add' });
    },
  },
  {
    name: 'strategic merge patches',
    async run(api) {
      const path = api.group('apps/v1', 'statefulsets');
      await api.post(path, statefulSet);
      await api.strategic(
        `${path}/web`,
        template({
          containers: [
            {
              name: 'a',
              env: [
                { name: 'Y', value: '9' },
                { name: 'Z', value: '3' },
              ],
            },
          ],
        }),
      );
      await api.strategic(`${path}/web`, template({ containers: [{ name: 'b', $patch: 'delete' }] }));
      await api.strategic(
        `${path}/web`,
        template({ volumes: [{ $retainKeys: ['name', 'hostPath'], name: 'v', hostPath: { path: '/x' } }] }),
      );
      await api.strategic(
        `${path}/web`,
        template({ '$setElementOrder/volumes': [{ name: 'w' }, { name: 'v' }] }),
      );
      await api.strategic(`${path}/web`, { metadata: { labels: { $patch: 'replace', only: 'me' } } });
      await api.strategic(`${path}/web`, {
        metadata: { finalizers: ['x.example.com/a', 'x.example.com/b'] },
      });
      await api.strategic(`${path}/web`, {
        metadata: { '$deleteFromPrimitiveList/finalizers': ['x.example.com/a'] },
      });
      await api.strategic(`${path}/web`, { metadata: { finalizers: null } });
      await api.brief(
        'PATCH',
        `${path}/web`,
        template({ containers: [{ image: 'nameless' }] }),
        'application/strategic-merge-patch+json',
      );
    },
  },
];
