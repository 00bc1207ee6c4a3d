import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { seededRandom } from '../../src/base/random.ts';
import { FilesystemBucket } from '../../src/storage-engine/bucket/filesystem-bucket.ts';
import { BlockHolder } from '../../src/storage-engine/query/block-holder.ts';
import { FusedWindows } from '../../src/storage-engine/query/fused/fused-windows.ts';
import { LiveClient } from '../../src/storage-engine/query/live-client.ts';
import { LiveHolder } from '../../src/storage-engine/query/live-holder.ts';
import type { SeriesHolder } from '../../src/storage-engine/query/source.ts';
import { createQueryServer } from '../../src/storage-engine/serve/server.ts';
import { freePort } from '../support/free-port.ts';
import { realProgram } from '../support/programs.ts';
import { type RunningPrometheus, startPrometheus } from '../support/prometheus-process.ts';

const start = 1_700_000_000;
const end = start + 7200;

/** Counters with resets, gauges with odd values, gaps: in OpenMetrics text, samples of a series in order. */
function input(): string {
  const random = seededRandom(3);
  const lines: string[] = [];
  const odd = ['NaN', '+Inf', '-Inf', '1e16', '-1e16', '0.1', '1e-9', '5e300'];
  for (let i = 0; i < 60; i++) {
    let counter = 0;
    for (let at = start; at < end; at += 15) {
      counter = random.next() < 0.01 ? 0 : counter + Math.floor(random.next() * 10);
      if (random.next() < 0.05) continue;
      lines.push(
        `requests_total{job="job${i % 3}",instance="i${i}",code="${i % 2 ? 200 : 500}"} ${counter} ${at}`,
      );
    }
  }
  for (let i = 0; i < 30; i++) {
    for (let at = start; at < end; at += 30) {
      if (i % 7 === 0 && at % 900 < 400) continue;
      const value =
        i % 5 === 0 && random.next() < 0.2
          ? odd[Math.floor(random.next() * odd.length)]
          : String(Math.round(random.next() * 1e6) / 997);
      lines.push(`queue{job="job${i % 3}",instance="i${i}",text="<a&b>\\"é"} ${value} ${at}`);
    }
  }
  for (const le of ['0.1', '0.5', '1', '+Inf']) {
    for (let at = start, total = 0; at < end; at += 15) {
      total += le === '+Inf' ? 10 : Math.floor(Number(le) * 9);
      lines.push(`latency_bucket{job="job0",le="${le}"} ${total} ${at}`);
    }
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

const middle = start + 3600;
const requests: readonly string[] = [
  ...[
    'up',
    'requests_total',
    'queue',
    'sum by (job) (rate(requests_total[5m]))',
    'topk(3, queue)',
    'queue{text=~".*é"}',
    'histogram_quantile(0.9, rate(latency_bucket[5m]))',
    'avg_over_time(queue[10m])',
    'requests_total offset 10m',
    'queue @ 1700001000',
    'count_values("v", requests_total > 3000)',
    '1 + 1',
    '"text"',
    'vector(time())',
    'requests_total[1m]',
    'max_over_time(rate(requests_total[1m])[10m:30s])',
    'requests_total / on (instance) group_left (text) queue',
    'label_replace(queue, "new", "$1", "instance", "i(.*)")',
    'absent(nothing)',
    'quantile by (job) (0.5, queue)',
    'stddev(queue)',
    'sum(queue)',
    'deriv(queue[10m])',
    'resets(requests_total[1h])',
    'rate(queue[5m])',
    'sum(nothing)',
  ].flatMap((query) => [
    `query?${new URLSearchParams({ query, time: String(middle) })}`,
    `query_range?${new URLSearchParams({ query, start: String(start + 600), end: String(start + 4200), step: '60' })}`,
  ]),
  // Over a range 3.14 warns that sorting has no effect; the server here may be 3.5.
  `query?${new URLSearchParams({ query: 'sort_desc(queue)', time: String(middle) })}`,
  `query?query=queue&time=${middle}&limit=3`,
  'query?query=sum(',
  'query?query=up&time=abc',
  'query?query=up&limit=-1',
  'query?query=up&limit=x',
  'query?query=rate(up)',
  'query?query=up&time=2023-11-14T22:30:00Z',
  'query_range?query=up&start=1&end=0&step=1',
  'query_range?query=up&start=0&end=100000&step=1',
  'query_range?query=up&start=0&end=1&step=0',
  'query_range?query=up&start=0&end=1&step=x',
  'query_range?query=up&start=0&end=1',
  'labels',
  'labels?match[]=queue',
  'labels?limit=2',
  'label/job/values',
  'label/__name__/values',
  'label/instance/values?match[]=queue&limit=4',
  'label/nothing/values',
  'label/U__te_78_t/values',
  'series?match[]=queue',
  `series?match[]=queue{job="job0"}&match[]=latency_bucket&start=${start}&end=${end}`,
  'series',
  'series?match[]={}',
  'series?match[]=sum(',
  'series?match[]=queue&limit=2',
  `series?match[]=queue&start=1&end=2`,
  'format_query?query=sum(rate(a[5m]))by(b)',
  'format_query?query=sum(',
  'nothing',
];

describe('the query server over the blocks and over a live server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'query-'));
  let prometheus: RunningPrometheus;
  const servers: Server[] = [];
  const urls: Record<string, string> = {};
  const holders: SeriesHolder[] = [];
  const kernels = new FusedWindows();

  async function serve(name: string, ...used: SeriesHolder[]): Promise<void> {
    const server = createQueryServer({
      federation: { holders: used, replicaLabels: [], kernels },
      dialect: {},
      clock: systemClock,
      log: silentLogger,
      version: 'test',
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    urls[name] = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    servers.push(server);
    holders.push(...used);
  }

  beforeAll(async () => {
    writeFileSync(join(folder, 'input'), input());
    execFileSync(
      await realProgram('promtool'),
      ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'input'), join(folder, 'data')],
      { stdio: 'pipe' },
    );
    prometheus = await startPrometheus(folder, {
      args: [
        '--storage.tsdb.retention.time=100y',
        '--storage.tsdb.min-block-duration=2h',
        '--storage.tsdb.max-block-duration=2h',
      ],
    });
    const blocks = () =>
      new BlockHolder(new FilesystemBucket(join(folder, 'data'), seededRandom(1)), systemClock);
    await serve('blocks', blocks());
    await serve('live', new LiveHolder(new LiveClient(prometheus.url), systemClock));
    await serve('both', blocks(), new LiveHolder(new LiveClient(prometheus.url), systemClock));
    await serve(
      'half away',
      blocks(),
      new LiveHolder(new LiveClient(`http://127.0.0.1:${await freePort()}`), systemClock),
    );
  }, 120_000);
  afterAll(async () => {
    for (const server of servers) server.closeAllConnections();
    for (const server of servers) server.close();
    for (const holder of holders) await holder.close();
    await kernels.close();
    await prometheus?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function ask(base: string, path: string): Promise<{ status: number; body: string }> {
    const response = await fetch(`${base}/api/v1/${path}`);
    return { status: response.status, body: await response.text() };
  }

  describe.each(['blocks', 'live', 'both'])('over %s', (name) => {
    it.each(requests)('answers %s byte for byte as Prometheus does', async (path) => {
      expect(await ask(urls[name]!, path)).toEqual(await ask(prometheus.url, path));
    });
  });

  it('takes parameters from a form body, and compresses on request', async () => {
    const body = new URLSearchParams({ query: 'queue', time: String(middle) });
    const response = await fetch(`${urls.blocks}/api/v1/query`, {
      method: 'POST',
      body,
      headers: { 'accept-encoding': 'gzip' },
    });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(await response.text()).toBe((await ask(prometheus.url, `query?${body}`)).body);
  });

  it('names a source that is away, in a warning and a header, and fails where the client wants the whole', async () => {
    const path = `query?query=queue&time=${middle}`;
    const whole = JSON.parse((await ask(prometheus.url, path)).body) as { data: unknown };
    const response = await fetch(`${urls['half away']}/api/v1/${path}`);
    expect(response.headers.get('x-promfleet-partial')).toBe('true');
    expect(await response.json()).toMatchObject({
      status: 'success',
      data: whole.data,
      warnings: [expect.stringContaining('127.0.0.1')],
    });
    const strict = await fetch(`${urls['half away']}/api/v1/${path}&partial_response=false`);
    expect({ status: strict.status, body: await strict.json() }).toMatchObject({
      status: 422,
      body: { status: 'error', errorType: 'execution' },
    });
  });
});
