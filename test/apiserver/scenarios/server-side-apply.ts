import type { Scenario } from '../recorder.ts';

const configMap = (data: unknown, metadata: Record<string, unknown> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', ...metadata },
  data,
});

const service = (ports: unknown[]) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 's' },
  spec: { clusterIP: 'None', selector: { app: 'x' }, ports },
});

const statefulSet = (containers: unknown[], extra: Record<string, unknown> = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'web' },
  spec: {
    serviceName: 'web',
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers } },
    ...extra,
  },
});

export const serverSideApply: readonly Scenario[] = [
  {
    name: 'apply creates, changes and takes back fields',
    async run(api) {
      const path = api.core('configmaps/a');
      await api.apply(path, configMap({ a: '1', b: '2' }, { labels: { x: 'y' } }));
      const same = await api.apply(path, configMap({ a: '1', b: '2' }, { labels: { x: 'y' } }));
      api.note('the same again', same.status);
      await api.apply(path, configMap({ a: '3' }));
      await api.apply(path, configMap({ c: '1' }), 'bob');
      await api.apply(path, configMap({ a: '3' }));
      await api.apply(path, configMap(undefined));
      await api.get(path);
    },
  },
  {
    name: 'apply conflicts name the other managers',
    async run(api) {
      const path = api.core('configmaps/a');
      await api.apply(path, configMap({ a: '1', b: '2' }));
      await api.apply(path, configMap({ a: '9' }), 'bob');
      await api.apply(path, configMap({ a: '9', b: '9' }), 'bob');
      await api.apply(path, configMap({ a: '1' }), 'bob');
      await api.apply(path, configMap({ a: '9' }), 'bob', '&force=true');
      await api.apply(path, configMap({ a: '1', b: '2' }));
      await api.merge(`${path}?fieldManager=carol`, { data: { b: '7', z: '1' } });
      await api.apply(path, configMap({ b: '2', z: '2' }), 'bob');
      // A real API server names several managers in no particular order.
      await api.brief(
        'PATCH',
        `${path}?fieldManager=dave`,
        configMap({ a: '8', b: '2' }),
        'application/apply-patch+yaml',
      );
      await api.apply(path, configMap({ a: '8', b: '2' }), 'dave', '&force=true');
    },
  },
  {
    name: 'apply refuses what it cannot take',
    async run(api) {
      const path = api.core('configmaps/a');
      await api.send('PATCH', path, configMap({ a: '1' }), 'application/apply-patch+yaml');
      await api.apply(path, configMap({ a: '1' }, { name: 'b' }));
      await api.apply(path, { metadata: { name: 'a' } });
      await api.apply(path, configMap({ a: '1' }, { managedFields: [{ manager: 'x' }] }));
      await api.apply(path, configMap({ a: '1' }, { resourceVersion: '1' }));
      await api.apply(path, configMap({ a: '1' }, { uid: '11111111-1111-1111-1111-111111111111' }));
      await api.apply(path, configMap({ a: '1' }));
      await api.apply(path, configMap({ a: '2' }, { resourceVersion: '1' }));
      await api.send(
        'PATCH',
        `${path}?fieldManager=alice`,
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  word: yes please\n',
        'application/apply-patch+yaml',
      );
      await api.apply(path, { ...configMap({ a: '1' }), unknown: 1 }, 'alice', '&fieldValidation=Strict');
      await api.apply(path, { ...configMap({ a: '1' }), unknown: 1 }, 'alice', '&fieldValidation=Warn');
    },
  },
  {
    name: 'apply merges keyed lists',
    async run(api) {
      const path = api.core('services/s');
      await api.apply(
        path,
        service([
          { name: 'a', port: 80 },
          { name: 'b', port: 81 },
        ]),
      );
      await api.apply(path, service([{ name: 'c', port: 82 }]), 'bob');
      await api.apply(path, service([{ name: 'b', port: 81 }]));
      await api.apply(
        path,
        service([
          { name: 'c', port: 82, targetPort: 9 },
          { name: 'd', port: 83 },
        ]),
        'bob',
      );
      const sets = api.group('apps/v1', 'statefulsets/web');
      await api.apply(sets, statefulSet([{ name: 'a', image: 'one:1', env: [{ name: 'X', value: '1' }] }]));
      await api.apply(
        sets,
        {
          ...statefulSet([]),
          spec: { template: { spec: { containers: [{ name: 'a', env: [{ name: 'Y', value: '2' }] }] } } },
        },
        'bob',
      );
      await api.apply(
        sets,
        statefulSet([
          { name: 'a', image: 'one:2', env: [] },
          { name: 'z', image: 'zzz' },
        ]),
      );
      await api.apply(sets, statefulSet([{ name: 'a', image: 'one:2' }]));
      await api.apply(
        sets,
        statefulSet([{ name: 'a', image: 'one:2' }], { replicas: 3, podManagementPolicy: 'Parallel' }),
      );
    },
  },
  {
    name: 'ownership of updates and patches',
    async run(api) {
      const path = api.core('configmaps');
      await api.post(
        `${path}?fieldManager=one`,
        configMap({ a: '1' }, { labels: { l: '1' }, annotations: { n: '1' } }),
      );
      await api.put(`${path}/a?fieldManager=two`, configMap({ a: '2', b: '1' }, { labels: { l: '1' } }));
      await api.merge(`${path}/a?fieldManager=two`, { data: { b: null } });
      await api.merge(`${path}/a?fieldManager=one`, { data: { c: '1' } });
      await api.merge(`${path}/a`, { metadata: { managedFields: [{}] } });
      await api.apply(`${path}/a`, configMap({ a: '5' }));
      await api.apply(`${path}/a`, configMap({ a: '2' }));
    },
  },
];
