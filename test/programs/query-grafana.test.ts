import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { LiveClient } from '../../src/storage-engine/query/live-client.ts';
import { LiveHolder } from '../../src/storage-engine/query/live-holder.ts';
import { createQueryServer } from '../../src/storage-engine/serve/server.ts';
import { realProgram } from '../support/programs.ts';
import { type RunningPrometheus, startPrometheus } from '../support/prometheus-process.ts';

const start = 1_700_000_000;
const end = start + 3600;
const range = { start: String(start), end: String(end) };

interface Request {
  readonly what: string;
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly params?: readonly (readonly [string, string])[];
}

/** What Grafana's Prometheus data source asks, in its words: POST with a form where it is set to, GET for the rest. */
const requests: readonly Request[] = [
  {
    what: 'save and test',
    method: 'POST',
    path: 'query',
    params: [
      ['query', '1+1'],
      ['time', String(end)],
    ],
  },
  {
    what: 'an instant panel',
    method: 'POST',
    path: 'query',
    params: [
      ['query', 'up'],
      ['time', `${end}.123`],
    ],
  },
  {
    what: 'a panel over a range',
    method: 'POST',
    path: 'query_range',
    params: [
      ['query', 'sum by (job) (rate(hits_total[4m]))'],
      ['start', String(start)],
      ['end', `${end}`],
      ['step', '15'],
    ],
  },
  {
    what: 'a panel with an error',
    method: 'POST',
    path: 'query_range',
    params: [['query', 'sum('], ...Object.entries(range), ['step', '15']],
  },
  { what: 'names of labels', method: 'POST', path: 'labels', params: Object.entries(range) },
  {
    what: 'names of labels of a metric',
    method: 'POST',
    path: 'labels',
    params: [...Object.entries(range), ['match[]', '{__name__="hits_total"}']],
  },
  {
    what: 'names of metrics',
    path: 'label/__name__/values',
    params: [...Object.entries(range), ['limit', '40000']],
  },
  {
    what: 'values for a variable',
    path: 'label/instance/values',
    params: [...Object.entries(range), ['match[]', 'hits_total{job="a"}']],
  },
  {
    what: 'series for label_values and the explorer',
    method: 'POST',
    path: 'series',
    params: [...Object.entries(range), ['match[]', 'hits_total'], ['match[]', '{job="b"}']],
  },
  {
    what: 'series by GET',
    path: 'series',
    params: [...Object.entries(range), ['match[]', 'hits_total{job=~"a|b"}']],
  },
  { what: 'metadata for hints', path: 'metadata', params: [['limit_per_metric', '1']] },
  {
    what: 'exemplars',
    method: 'POST',
    path: 'query_exemplars',
    params: [['query', 'rate(hits_total[1m])'], ...Object.entries(range)],
  },
  { what: 'rules', path: 'rules' },
  { what: 'alert rules', path: 'rules', params: [['type', 'alert']] },
  { what: 'alerts', path: 'alerts' },
  {
    what: 'formatting',
    method: 'POST',
    path: 'format_query',
    params: [['query', 'sum(rate(hits_total[5m]))by(job)']],
  },
];

describe("Grafana's Prometheus data source", () => {
  const folder = mkdtempSync(join(tmpdir(), 'grafana-'));
  let prometheus: RunningPrometheus;
  let holder: LiveHolder;
  let server: Server;
  let ours = '';

  beforeAll(async () => {
    const lines: string[] = [];
    for (const [i, job] of ['a', 'a', 'b', 'b', 'c'].entries())
      for (let at = start; at < end; at += 15)
        lines.push(`hits_total{job="${job}",instance="i${i}"} ${(at - start) * (i + 1)} ${at}`);
    writeFileSync(join(folder, 'input'), `${lines.join('\n')}\n# EOF\n`);
    const command = [
      'tsdb',
      'create-blocks-from',
      'openmetrics',
      join(folder, 'input'),
      join(folder, 'data'),
    ];
    execFileSync(await realProgram('promtool'), command, { stdio: 'pipe' });
    prometheus = await startPrometheus(folder, { args: ['--storage.tsdb.retention.time=100y'] });
    holder = new LiveHolder(new LiveClient(prometheus.url), systemClock);
    server = createQueryServer({
      federation: { holders: [holder], replicaLabels: [] },
      dialect: {},
      clock: systemClock,
      log: silentLogger,
      version: '3.14.0',
      rangeCacheBytes: 1_000_000,
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ours = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  }, 120_000);
  afterAll(async () => {
    server?.closeAllConnections();
    server?.close();
    await holder?.close();
    await prometheus?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function ask(base: string, { method = 'GET', path, params = [] }: Request) {
    const form = new URLSearchParams(params.map(([name, value]): [string, string] => [name, value]));
    const headers = { 'x-dashboard-uid': 'abc', 'x-grafana-org-id': '1', 'accept-encoding': 'gzip' };
    const response =
      method === 'GET'
        ? await fetch(`${base}/api/v1/${path}?${form}`, { headers })
        : await fetch(`${base}/api/v1/${path}`, { method, body: form, headers });
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      body: await response.text(),
    };
  }

  it.each(requests)('asks for $what and hears what Prometheus says', async (request) => {
    // Twice, so that the second answer may come from a cache.
    for (let i = 0; i < 2; i++) expect(await ask(ours, request)).toEqual(await ask(prometheus.url, request));
  });

  it('learns the release, by which it decides what to ask', async () => {
    const { status, body } = await ask(ours, { what: '', path: 'status/buildinfo' });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ status: 'success', data: { version: '3.14.0' } });
  });

  it('may be asked from a browser', async () => {
    const preflight = await fetch(`${ours}/api/v1/query_range`, {
      method: 'OPTIONS',
      headers: { origin: 'http://grafana', 'access-control-request-method': 'POST' },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
  });
});
