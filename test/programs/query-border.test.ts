import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compress } from 'snappyjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { seededRandom } from '../../src/base/random.ts';
import { FilesystemBucket } from '../../src/storage-engine/bucket/filesystem-bucket.ts';
import { isUlid } from '../../src/storage-engine/format/block-meta.ts';
import { ProtoWriter } from '../../src/storage-engine/format/protobuf.ts';
import { Labels } from '../../src/storage-engine/promql/exec/labels.ts';
import { setStale } from '../../src/storage-engine/promql/exec/sample-source.ts';
import { BlockHolder } from '../../src/storage-engine/query/block-holder.ts';
import { LiveClient } from '../../src/storage-engine/query/live-client.ts';
import { LiveHolder } from '../../src/storage-engine/query/live-holder.ts';
import type { SeriesHolder } from '../../src/storage-engine/query/source.ts';
import { writeSamples } from '../../src/storage-engine/serve/remote-read/sample-messages.ts';
import { createQueryServer } from '../../src/storage-engine/serve/server.ts';
import { type RunningPrometheus, startPrometheus } from '../support/prometheus-process.ts';

const intervalMs = 15_000;
const minute = 60_000;

/** Blocks of a server's first half hour in a bucket, the server with all of it and more: late samples, stale markers. */
describe('the border between blocks and the server that shipped them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'query-border-'));
  const endMs = Math.floor(Date.now() / intervalMs) * intervalMs;
  const startMs = endMs - 40 * minute;
  const borderMs = endMs - 10 * minute;
  let prometheus: RunningPrometheus;
  const holders: SeriesHolder[] = [];
  let server: Server;
  let ours = '';
  const asked: { startMs: number; endMs: number }[] = [];

  const counter = (i: number, at: number) => ((at - startMs) / 1000) % (500 + i * 37);

  async function write(name: string, i: number, points: readonly (readonly [number, number | 'stale'])[]) {
    const values = Float64Array.from(points, ([, value]) => (value === 'stale' ? 0 : value));
    points.forEach(([, value], at) => {
      if (value === 'stale') setStale(values, at);
    });
    const labels = Labels.from([
      ['__name__', name],
      ['i', String(i)],
    ]);
    const message = new ProtoWriter().message(1, (series) => {
      for (const [label, text] of labels.entries())
        series.message(1, (pair) => void pair.text(1, label).text(2, text));
      writeSamples(series, { labels, timestamps: Float64Array.from(points, ([at]) => at), values });
    });
    const response = await fetch(`${prometheus.url}/api/v1/write`, {
      method: 'POST',
      body: Buffer.from(compress(message.finish())),
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    });
    expect(await response.text()).toBe('');
  }

  const regular = (i: number, from: number, to: number) => {
    const points: [number, number][] = [];
    for (let at = from + i * 100; at < to; at += intervalMs) points.push([at, counter(i, at)]);
    return points;
  };

  beforeAll(async () => {
    mkdirSync(join(folder, 'data'));
    mkdirSync(join(folder, 'bucket'));
    prometheus = await startPrometheus(folder, {
      config: JSON.stringify({
        global: { external_labels: { replica: 'a' } },
        storage: { tsdb: { out_of_order_time_window: '35m' } },
      }),
      args: ['--web.enable-remote-write-receiver', '--web.enable-admin-api'],
    });
    for (let i = 0; i < 8; i++) await write('c', i, regular(i, startMs, borderMs));
    // Ends with the last sample before the border; with the first one after it; and goes on.
    await write('gone', 0, [...regular(0, startMs, borderMs - intervalMs), [borderMs - intervalMs, 'stale']]);
    await write('gone', 1, regular(1, startMs, borderMs));
    const snapshot = await fetch(`${prometheus.url}/api/v1/admin/tsdb/snapshot`, { method: 'POST' });
    const { data } = (await snapshot.json()) as { data: { name: string } };
    const from = join(folder, 'data', 'snapshots', data.name);
    for (const ulid of readdirSync(from).filter(isUlid)) {
      cpSync(join(from, ulid), join(folder, 'bucket', ulid), { recursive: true });
      const path = join(folder, 'bucket', ulid, 'meta.json');
      const thanos = { labels: { replica: 'a' }, downsample: { resolution: 0 }, source: 'sidecar' };
      writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), thanos }));
    }
    for (let i = 0; i < 8; i++) await write('c', i, regular(i, borderMs, endMs));
    await write('gone', 1, [[borderMs + 100, 'stale']]);
    // Late samples, long after their time was shipped.
    await write('c', 3, [[startMs + 20 * minute + 7_000, 1e6]]);
    await write('c', 4, [[borderMs - 1, 2e6]]);
    const live = new LiveHolder(new LiveClient(prometheus.url), systemClock);
    const select = live.select.bind(live);
    live.select = (matchers, hints, scope) => {
      asked.push(hints);
      return select(matchers, hints, scope);
    };
    holders.push(
      new BlockHolder(new FilesystemBucket(join(folder, 'bucket'), seededRandom(1)), systemClock),
      live,
    );
    server = createQueryServer({
      federation: { holders, replicaLabels: ['replica'], nowMs: () => systemClock.nowMs() },
      dialect: {},
      clock: systemClock,
      log: silentLogger,
      version: 'test',
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ours = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  }, 300_000);
  afterAll(async () => {
    server?.closeAllConnections();
    server?.close();
    for (const holder of holders) await holder.close();
    await prometheus?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function ask(base: string, path: string) {
    return (await fetch(`${base}/api/v1/${path}`)).text();
  }

  const seconds = (ms: number) => String(ms / 1000);

  it.each([
    'c',
    'gone',
    'rate(c[5m])',
    'count_over_time(c[10m])',
    'sum(count_over_time(c[40m]))',
    'resets(c[20m])',
    'max_over_time(c[15m])',
    'changes(gone[12m])',
    'last_over_time(gone[3m])',
    'absent(gone{i="0"})',
    'sum by (i) (increase(c[2m])) offset 3m',
    'avg_over_time(c[5m:30s])',
  ])('%s is as over the server alone, before, over and after the border', async (query) => {
    const range = { query, start: seconds(startMs), end: seconds(endMs), step: '17' };
    const path = `query_range?${new URLSearchParams(range)}`;
    expect(await ask(ours, path)).toBe(await ask(prometheus.url, path));
    for (const at of [borderMs - 1, borderMs, borderMs + 1, borderMs + 100, borderMs + 5 * minute, endMs]) {
      const instant = `query?${new URLSearchParams({ query, time: seconds(at) })}`;
      expect(await ask(ours, instant)).toBe(await ask(prometheus.url, instant));
    }
  });

  it('samples of the whole range selector come out once each', async () => {
    const path = `query?${new URLSearchParams({ query: 'c[45m]', time: seconds(endMs) })}`;
    expect(await ask(ours, path)).toBe(await ask(prometheus.url, path));
  });
});
