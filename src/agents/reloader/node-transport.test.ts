import { afterEach, expect, test } from 'vitest';
import {
  answerJson,
  answerStatus,
  type Script,
  type ScriptedServer,
  scriptedServer,
  testTls,
} from '../../../test/support/scripted-server.ts';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/log.ts';
import { seededRandom } from '../../base/random.ts';
import { KubeClient } from '../../kube/client.ts';
import { dataKeys } from '../../render/names.ts';
import { kubeBundle, watchIndex } from './kube-bundle.ts';
import { NodeTransport } from './node-transport.ts';

let server: ScriptedServer | undefined;
let transport: NodeTransport | undefined;

afterEach(async () => {
  await transport?.close();
  await server?.close();
});

const names = { namespace: 'monitoring', index: 'main-index', report: 'main-report' };

async function connect(
  script: Script,
  options: { tls?: boolean; tokens?: string[]; ca?: string } = {},
): Promise<KubeClient> {
  server = await scriptedServer(script, { tls: options.tls ?? false });
  const tokens = options.tokens ?? ['token'];
  const connection = {
    server: server.url,
    namespace: 'monitoring',
    credentials: async () => ({
      headers: { authorization: `Bearer ${tokens.length > 1 ? tokens.shift() : tokens[0]}` },
      tls: options.tls === true ? { ca: options.ca ?? testTls.read('ca.crt') } : {},
    }),
  };
  transport = new NodeTransport(connection, systemClock);
  return new KubeClient({ transport, clock: systemClock, random: seededRandom(1), limits: {} });
}

const index = (text: string, resourceVersion = '1') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'main-index', namespace: 'monitoring', resourceVersion },
  data: { [dataKeys.index]: text },
});

test.each([false, true])('objects are read and reports patched with the token (TLS: %s)', async (tls) => {
  const client = await connect(
    (request, response) =>
      answerJson(response, 200, request.method === 'PATCH' ? index('x') : index('the index')),
    { tls },
  );
  const bundle = kubeBundle(client, names);
  const { signal } = new AbortController();
  expect(await bundle.readIndex(signal)).toBe('the index');
  await bundle.reports.write('the report', signal);
  const [get, patch] = server!.requests;
  expect(get).toMatchObject({ method: 'GET', headers: { authorization: 'Bearer token' } });
  expect(get!.url.pathname).toBe('/api/v1/namespaces/monitoring/configmaps/main-index');
  expect(patch!.url.pathname).toBe('/api/v1/namespaces/monitoring/configmaps/main-report');
  expect(patch!.url.searchParams.get('fieldManager')).toBe('promfleet-reloader');
  expect(JSON.parse(patch!.body)).toEqual({ data: { 'report.json': 'the report' } });
});

test('a server with a certificate of another authority is refused', async () => {
  await connect((_request, response) => answerJson(response, 200, index('x')), {
    tls: true,
    ca: testTls.read('server.crt'),
  });
  const { signal } = new AbortController();
  const sent = transport!.send({ method: 'GET', path: '/', headers: {}, streaming: false, signal });
  await expect(sent).rejects.toThrow(/certificate/);
  expect(server!.requests).toEqual([]);
});

test('a rotated token is read again after a 401', async () => {
  const client = await connect(
    (request, response) =>
      request.headers.authorization === 'Bearer new'
        ? answerJson(response, 200, index('x'))
        : answerStatus(response, 401, 'Unauthorized'),
    { tokens: ['old', 'new'] },
  );
  expect(await kubeBundle(client, names).readIndex(new AbortController().signal)).toBe('x');
});

test('a missing object is undefined', async () => {
  const client = await connect((_request, response) => answerStatus(response, 404, 'NotFound'));
  const bundle = kubeBundle(client, names);
  const { signal } = new AbortController();
  expect(await bundle.readIndex(signal)).toBeUndefined();
  expect(await bundle.readSlot({ kind: 'Secret', name: 's', hash: '' }, signal)).toBeUndefined();
});

test('the watch asks for its one object and brings every change of it', async () => {
  const client = await connect((request, response) => {
    if (request.url.searchParams.get('watch') === null) {
      return answerJson(response, 200, {
        kind: 'ConfigMapList',
        metadata: { resourceVersion: '1' },
        items: [index('one')],
      });
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write(`${JSON.stringify({ type: 'MODIFIED', object: index('two', '2') })}\n`);
  });
  const stop = new AbortController();
  const seen: (string | undefined)[] = [];
  await new Promise<void>((resolve) => {
    const changed = (text: string | undefined) => {
      seen.push(text);
      if (text === 'two') resolve();
    };
    void watchIndex(client, names, changed, { signal: stop.signal, log: silentLogger });
  });
  stop.abort();
  expect(seen).toEqual(['one', 'two']);
  for (const { url } of server!.requests)
    expect(url.searchParams.get('fieldSelector')).toBe('metadata.name=main-index');
});
