import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { type Logger, silentLogger } from '../../src/base/log.ts';
import { createMetricsRegistry } from '../../src/base/metrics-registry.ts';
import { seededRandom } from '../../src/base/random.ts';
import { FilesystemBucket } from '../../src/storage-engine/bucket/filesystem-bucket.ts';
import { BlockHolder } from '../../src/storage-engine/query/block-holder.ts';
import { LiveClient } from '../../src/storage-engine/query/live-client.ts';
import { LiveHolder } from '../../src/storage-engine/query/live-holder.ts';
import type { SeriesHolder } from '../../src/storage-engine/query/source.ts';
import {
  type AdmissionOptions,
  defaultTenantLimits,
} from '../../src/storage-engine/serve/admission/admission.ts';
import { createQueryServer } from '../../src/storage-engine/serve/server.ts';
import { eventually } from '../support/eventually.ts';
import { realProgram } from '../support/programs.ts';
import { type RunningPrometheus, startPrometheus } from '../support/prometheus-process.ts';

const start = 1_700_000_000;
const series = 200;
const steps = 480;

describe('admission of the query server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'admission-'));
  const servers: Server[] = [];
  const holders: SeriesHolder[] = [];
  let prometheus: RunningPrometheus;

  beforeAll(async () => {
    const lines: string[] = [];
    for (let i = 0; i < series; i++)
      for (let at = 0; at < steps; at++) lines.push(`m{i="${i}"} ${at * i} ${start + at * 15}`);
    writeFileSync(join(folder, 'input'), `${lines.join('\n')}\n# EOF\n`);
    execFileSync(
      await realProgram('promtool'),
      ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'input'), join(folder, 'data')],
      { stdio: 'pipe' },
    );
    prometheus = await startPrometheus(folder, { args: ['--storage.tsdb.retention.time=100y'] });
  }, 120_000);
  afterAll(async () => {
    for (const server of servers) server.closeAllConnections();
    for (const server of servers) server.close();
    for (const holder of holders) await holder.close();
    await prometheus?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const blocks = () =>
    new BlockHolder(new FilesystemBucket(join(folder, 'data'), seededRandom(1)), systemClock);
  const live = () => new LiveHolder(new LiveClient(prometheus.url), systemClock);

  async function serve(
    holder: SeriesHolder,
    admission: Partial<AdmissionOptions>,
    log: Logger = silentLogger,
  ) {
    holders.push(holder);
    const metrics = createMetricsRegistry();
    const server = createQueryServer({
      federation: { holders: [holder], replicaLabels: [] },
      dialect: {},
      clock: systemClock,
      log,
      version: 'test',
      admission,
      metrics,
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    const metric = async (name: string) => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return Number(new RegExp(`^${name.replaceAll(/[{}]/g, '\\$&')} (.*)$`, 'm').exec(text)?.[1]);
    };
    return { url, metric };
  }

  async function ask(url: string, query: string, init: RequestInit & { path?: string } = {}) {
    const params = new URLSearchParams({
      query,
      time: String(start + 3600),
      start: String(start),
      end: String(start + 7100),
      step: '60',
    });
    const response = await fetch(`${url}/api/v1/${init.path ?? 'query'}?${params}`, init);
    return {
      status: response.status,
      body: (await response.json()) as { error?: string; errorType?: string },
    };
  }

  const limited = (over: object): Partial<AdmissionOptions> => ({
    memoryBytes: 2 ** 30,
    limitsOf: () => ({ ...defaultTenantLimits(2 ** 30, 20), ...over }),
  });

  describe.each([
    ['blocks', blocks],
    ['a live server', live],
  ])('over %s', (_, holder) => {
    it.each([
      ['maxSeries', 199, 'count(m)', 'series'],
      ['maxChunks', 150, 'count(count_over_time(m[2h]))', 'chunks'],
      ['maxSelectedSamples', 10_000, 'count(count_over_time(m[1h]))', 'samples'],
      ['maxBytes', 100_000, 'count(count_over_time(m[1h]))', 'bytes of memory'],
    ])('a query beyond %s fails by name, and one below it is answered', async (limit, value, query, name) => {
      const { url, metric } = await serve(holder(), limited({ [limit]: value }));
      const { status, body } = await ask(url, query);
      expect({ status, type: body.errorType }).toEqual({ status: 422, type: 'execution' });
      expect(body.error).toMatch(
        new RegExp(`^the query would hold \\d+ ${name}, more than the ${value} it may`),
      );
      expect((await ask(url, 'count(m{i=~"1?"})')).status).toBe(200);
      expect(await metric('promfleet_query_memory_held_bytes')).toBe(0);
      expect(await metric('promfleet_query_limit_exceeded_total{tenant="default"}')).toBe(1);
    });
  });

  it('steps of a result are held to the memory, however few samples there are', async () => {
    const { url } = await serve(blocks(), limited({ maxBytes: 4_000_000 }));
    const params = { query: 'm', start: String(start), end: String(start + 7100), step: '1' };
    const response = await fetch(`${url}/api/v1/query_range?${new URLSearchParams(params)}`);
    expect(response.status).toBe(422);
  });

  it('many queries at once never hold more than the memory of all; those that fit are answered', async () => {
    const memoryBytes = 24_000_000;
    const { url, metric } = await serve(blocks(), {
      memoryBytes,
      limitsOf: () => ({ ...defaultTenantLimits(memoryBytes, 20), maxBytes: memoryBytes }),
    });
    const queries = ['count(count_over_time(m[2h]))', 'm[2h]', 'count(m)', 'sum(m)'];
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => ask(url, queries[i % 4]!)));
    for (const { status, body } of answers) {
      if (status !== 200)
        expect(body).toMatchObject({ errorType: 'execution', error: expect.stringContaining('bytes') });
    }
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    expect(await metric('promfleet_query_memory_held_bytes')).toBe(0);
    expect((await ask(url, 'count(count_over_time(m[2h]))')).status).toBe(200);
  });

  it('a client that leaves ends its query, which gives back what it held', async () => {
    const { url, metric } = await serve(blocks(), {});
    const away = new AbortController();
    const heavy = Array.from({ length: 60 }, (_, i) => `sum(stddev_over_time(m[${i + 30}m]))`).join(' + ');
    const asked = ask(url, heavy, { signal: away.signal, path: 'query_range' }).catch(() => 'gone');
    await eventually('it runs', async () => (await metric('promfleet_query_running')) === 1 || undefined);
    away.abort();
    expect(await asked).toBe('gone');
    await eventually('it ended', async () => (await metric('promfleet_query_running')) === 0 || undefined);
    expect(await metric('promfleet_query_memory_held_bytes')).toBe(0);
    expect(
      await metric('promfleet_query_requests_total{handler="query_range",code="499",tenant="default"}'),
    ).toBe(1);
  });

  it('a tenant is told apart by trusted clients, in limits, metrics and the log', async () => {
    const lines: object[] = [];
    const log: Logger = { ...silentLogger, warn: (fields: object) => void lines.push(fields) } as Logger;
    const others = defaultTenantLimits(2 ** 30, 20);
    const { url, metric } = await serve(
      blocks(),
      {
        slowQueryMs: 0,
        tenancy: { headers: ['X-Scope-OrgID'], trustedProxies: [], token: 'key' },
        limitsOf: (tenant) => (tenant === 'small' ? { ...others, maxSeries: 5 } : others),
      },
      log,
    );
    const as = (authorization: string) => ({ headers: { 'x-scope-orgid': 'small', authorization } });
    expect((await ask(url, 'count(m)', as('Bearer key'))).status).toBe(422);
    expect((await ask(url, 'count(m)', as('Bearer no'))).status).toBe(200);
    expect(await metric('promfleet_query_requests_total{handler="query",code="422",tenant="small"}')).toBe(1);
    expect(lines).toMatchObject([
      { handler: 'query', tenant: 'small', query: 'count(m)', status: 422 },
      { handler: 'query', tenant: 'default', query: 'count(m)', status: 200, series: 200 },
    ]);
    expect(JSON.stringify(lines)).not.toContain('Bearer');
  });

  it('is ready while a source answers, and says which do not', async () => {
    const { url } = await serve(live(), {});
    const ready = await fetch(`${url}/-/ready`);
    expect([ready.status, await ready.text()]).toEqual([200, 'promfleet query is ready.\n']);
    const away = await serve(new LiveHolder(new LiveClient('http://127.0.0.1:1'), systemClock), {});
    const response = await fetch(`${away.url}/-/ready`);
    expect(response.status).toBe(503);
    expect(await response.text()).toMatch(/^no source answers\.\nsource http:\/\/127\.0\.0\.1:1\//);
    expect((await fetch(`${away.url}/-/healthy`)).status).toBe(200);
  });
});
