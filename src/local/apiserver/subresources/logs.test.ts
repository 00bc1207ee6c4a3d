import { afterEach, expect, test } from 'vitest';
import type { PodLogRequest } from '../pod-logs.ts';
import { type ApiServer, startApiServer } from '../server.ts';

let server: ApiServer | undefined;
afterEach(() => server?.close());

async function call(path: string, method = 'GET', body?: unknown): Promise<[number, string]> {
  const response = await fetch(`${server!.url}${path}`, {
    method,
    headers: { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return [response.status, await response.text()];
}

const pods = '/api/v1/namespaces/default/pods';

async function runningPod(): Promise<void> {
  const spec = {
    nodeName: 'n',
    containers: [
      { name: 'c', image: 'i' },
      { name: 'd', image: 'i' },
    ],
  };
  await call(pods, 'POST', { metadata: { name: 'p' }, spec });
  const status = {
    containerStatuses: [
      { name: 'c', state: { running: {} } },
      { name: 'd', state: { waiting: { reason: 'ImagePullBackOff' } } },
    ],
  };
  await call(`${pods}/p/status`, 'PATCH', { status });
}

test('logs come from the source of the node, with every option of the request', async () => {
  const asked: PodLogRequest[] = [];
  server = await startApiServer({
    podLogs: async (request) => {
      asked.push(request);
      return (async function* () {
        yield Buffer.from('one\n');
        yield Buffer.from('two\n');
      })();
    },
  });
  await runningPod();
  const query = 'container=c&tailLines=5&timestamps=true&limitBytes=100&sinceTime=2026-01-01T00:00:00Z';
  expect(await call(`${pods}/p/log?${query}`)).toEqual([200, 'one\ntwo\n']);
  expect(asked).toMatchObject([
    {
      namespace: 'default',
      pod: 'p',
      container: 'c',
      follow: false,
      previous: false,
      tailLines: 5,
      timestamps: true,
      limitBytes: 100,
      sinceMs: Date.parse('2026-01-01T00:00:00Z'),
    },
  ]);
});

test('a followed log ends when its reader goes away', async () => {
  let ended: () => void = () => undefined;
  const end = new Promise<void>((resolve) => {
    ended = resolve;
  });
  server = await startApiServer();
  server.setPodLogs(async (_request, signal) =>
    (async function* () {
      yield Buffer.from('line\n');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      ended();
    })(),
  );
  await runningPod();
  const reader = new AbortController();
  const response = await fetch(`${server.url}${pods}/p/log?container=c&follow=true`, {
    signal: reader.signal,
  });
  const first = await response.body!.getReader().read();
  expect(Buffer.from(first.value!).toString()).toBe('line\n');
  reader.abort();
  await end;
});

test.each([
  ['no container is named', '', 400, 'a container name must be specified for pod p, choose one of: [c d]'],
  ['the container is not there', '?container=x', 400, 'container x is not valid for pod p'],
  ['the container has not started', '?container=d', 400, 'is waiting to start: ImagePullBackOff'],
  ['there was no previous run', '?container=c&previous=true', 400, 'previous terminated container'],
  ['nobody serves logs', '?container=c', 501, 'no node serves the logs'],
])('a log is refused when %s', async (_title, query, status, message) => {
  server = await startApiServer();
  await runningPod();
  const [code, body] = await call(`${pods}/p/log${query}`);
  expect([code, (JSON.parse(body) as { message: string }).message]).toEqual([
    status,
    expect.stringContaining(message),
  ]);
});
