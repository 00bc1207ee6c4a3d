import type { Scenario } from '../recorder.ts';

export const bodies: readonly Scenario[] = [
  {
    name: 'paths and methods',
    async run(api) {
      await api.get('/api/v1/nothings');
      await api.get('/apis/apps/v1/nothings');
      await api.get('/api/v1/namespaces/default/nothings/a');
      await api.send('POST', api.core('configmaps/a'), { metadata: { name: 'a' } });
      await api.send('PUT', api.core('configmaps'), { metadata: { name: 'a' } });
      await api.get(api.core('configmaps/a/status'));
      await api.get('/api/v1/configmaps/a');
      await api.send('POST', '/api/v1/configmaps', { metadata: { name: 'a' } });
    },
  },
  {
    name: 'bodies that are not objects',
    async run(api) {
      const path = api.core('configmaps');
      const statusOf = async (body: string | Buffer, contentType?: string) => {
        const { status, body: answer } = await api.silent('POST', path, body, contentType);
        const { reason, code, kind } = answer as Record<string, unknown>;
        return { status, reason, code, kind };
      };
      api.note('no JSON', await statusOf('{'));
      api.note('a list', await statusOf('[]'));
      api.note('text', await statusOf('hello'));
      api.note('a media type that nobody reads', await statusOf('{}', 'application/toml'));
      api.note(
        'more than three mebibytes',
        await statusOf(JSON.stringify({ metadata: { name: 'big' }, data: { a: 'x'.repeat(3_300_000) } })),
      );
      await api.brief('POST', path, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } });
      await api.brief('POST', path, { apiVersion: 'v2', kind: 'ConfigMap', metadata: { name: 'a' } });
      await api.send(
        'POST',
        path,
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-yaml}\ndata: {a: "1"}\n',
        'application/yaml',
      );
      await api.brief('POST', path, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'w' },
        data: { a: 1 },
      });
      await api.post(path, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'large' },
        data: { a: 'x'.repeat(1_100_000) },
      });
    },
  },
];
