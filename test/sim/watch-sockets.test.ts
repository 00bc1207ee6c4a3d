import type { ServerResponse } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { randomBelow, seededRandom } from '../../src/base/random.ts';
import { Informer } from '../../src/controllers/informer.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { answerJson, answerStatus, scriptedServer } from '../support/scripted-server.ts';

const kind = { apiVersion: 'v1', kind: 'ConfigMap' } as const;
const ways = ['reset', 'closed', 'cut in a line', 'half closed', 'expired', 'refused', 'silent'] as const;
const rounds = 1_000;
/** Objects and code that stay after the first watches, far below what 1,000 leaked watches hold. */
const maxGrowthBytes = 6 * 1024 * 1024;

function collectedHeapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 3; i++) collect();
  return process.memoryUsage().heapUsed;
}

const resources = (name: string) => process.getActiveResourcesInfo().filter((each) => each === name).length;

it('1,000 watches broken over real sockets lose no change and leak no socket, timer, listener or memory', async () => {
  const random = seededRandom(7);
  let version = 10;
  const objects = new Map<string, KubeObject>();
  const log: { readonly version: number; readonly line: string }[] = [];
  let watches = 0;
  const counts: Record<string, number> = {};
  const put = (): string => {
    version++;
    const name = `o-${randomBelow(random, 20)}`;
    const type = objects.has(name) ? 'MODIFIED' : 'ADDED';
    const object = {
      ...kind,
      metadata: { name, namespace: 'a', uid: name, resourceVersion: String(version) },
      text: 'ä€🙂',
    };
    objects.set(name, object);
    const line = `${JSON.stringify({ type, object })}\n`;
    log.push({ version, line });
    return line;
  };
  const end = (response: ServerResponse, way: (typeof ways)[number]) => {
    counts[way] = (counts[way] ?? 0) + 1;
    if (way === 'reset') response.socket?.resetAndDestroy();
    else if (way === 'closed') response.end();
    else if (way === 'cut in a line') {
      const bytes = Buffer.from(put());
      response.write(bytes.subarray(0, 1 + randomBelow(random, bytes.length - 1)), () =>
        response.socket?.destroy(),
      );
    } else if (way === 'half closed') response.socket?.end();
    else if (way === 'expired') {
      log.length = 0;
      response.end(
        `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })}\n`,
      );
    }
  };
  const server = await scriptedServer((request, response) => {
    const from = Number(request.url.searchParams.get('resourceVersion'));
    if (request.url.searchParams.get('watch') !== 'true') {
      const metadata = { resourceVersion: String(version) };
      return answerJson(response, 200, { kind: 'ConfigMapList', metadata, items: [...objects.values()] });
    }
    watches++;
    const way = watches > rounds ? undefined : ways[randomBelow(random, ways.length)]!;
    if (way === 'refused') {
      counts[way] = (counts[way] ?? 0) + 1;
      return answerStatus(response, 500, 'InternalError');
    }
    const first = log[0]?.version ?? version + 1;
    if (from < first - 1) return answerStatus(response, 410, 'Expired');
    response.writeHead(200, { 'content-type': 'application/json' });
    for (const entry of log) if (entry.version > from) response.write(entry.line);
    response.write(put());
    if (way !== undefined) setImmediate(() => end(response, way));
  });
  const connection = {
    server: server.url,
    namespace: 'a',
    credentials: async () => ({ headers: {}, tls: {} }),
  };
  const backoff = { firstDelayMs: 1, maxDelayMs: 2 };
  const limits = { requestsPerSecond: 100_000, burst: 100_000 };
  const client = connect(connection, { clock: systemClock, random: seededRandom(8), limits });
  const informer = new Informer(client, kind, { watch: { backoff, idleMs: 30 } });
  const known = new Map<string, string>();
  informer.onChange(({ key, object }) => known.set(key, object.metadata.resourceVersion!));
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  const until = async (done: () => boolean) => {
    while (!done()) await systemClock.sleep(2);
  };
  try {
    await until(() => watches > 100);
    const [heapBefore, timersBefore] = [collectedHeapBytes(), resources('Timeout')];
    await until(() => watches > rounds);
    for (const way of ways) expect(counts[way], way).toBeGreaterThan(50);
    const expected = () =>
      [...objects].map(([name, { metadata }]) => `a/${name} ${metadata.resourceVersion}`).sort();
    const seen = () => [...known].map(([key, resourceVersion]) => `${key} ${resourceVersion}`).sort();
    // The last watches live for an idle time each, so the state comes to rest between two writes.
    await until(() => seen().join() === expected().join());
    expect(informer.store.size).toBe(objects.size);
    expect(server.openSockets).toBeLessThanOrEqual(4);
    expect(resources('Timeout')).toBeLessThanOrEqual(timersBefore + 5);
    expect(collectedHeapBytes() - heapBefore).toBeLessThan(maxGrowthBytes);
    stop.abort();
    await running;
    await client.close();
    await until(() => server.openSockets === 0);
  } finally {
    stop.abort();
    await server.close();
  }
});
