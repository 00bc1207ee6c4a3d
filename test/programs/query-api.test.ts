import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { LiveClient } from '../../src/storage-engine/query/live-client.ts';
import { LiveHolder } from '../../src/storage-engine/query/live-holder.ts';
import type { SeriesHolder } from '../../src/storage-engine/query/source.ts';
import { createQueryServer } from '../../src/storage-engine/serve/server.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { newPrometheus } from '../support/prometheus-next.ts';
import { type RunningPrometheus, startPrometheus } from '../support/prometheus-process.ts';

const rules = {
  groups: [
    {
      name: 'a',
      interval: '1s',
      rules: [
        { record: 'up:sum', expr: 'sum(up)', labels: { team: 'x' } },
        {
          alert: 'Up',
          expr: 'up == 1',
          labels: { severity: 'page' },
          annotations: { text: '<{{ $value }}>' },
        },
        { alert: 'Never', expr: 'vector(1) < 0', for: '5m' },
      ],
    },
    { name: 'b', interval: '1s', rules: [{ alert: 'Waits', expr: 'up == 1', for: '1h' }] },
  ],
};

/** A configuration whose one target is the server itself. */
function config(rulesFile: string, address: string, external: Record<string, string>): string {
  return JSON.stringify({
    global: { scrape_interval: '1s', external_labels: external },
    rule_files: [rulesFile],
    scrape_configs: [{ job_name: 'self', static_configs: [{ targets: [address] }] }],
  });
}

/** Times and durations, which differ from one look to the next. */
function steady(text: string): string {
  return text
    .replace(/"(lastScrape|lastEvaluation|activeAt)":"[^"]*"/g, '"$1":"then"')
    .replace(/"(lastScrapeDuration|evaluationTime|[a-zA-Z]+Time|peakSamples)":[-\d.e]+/g, '"$1":0');
}

const requests = [
  'parse_query?query=sum by (job) (rate(up{a="b",c!~"d"}[5m] offset 1m)) / on(job) group_left(x) up @ 12.5',
  'parse_query?query=topk(3, -up[1h:5m] @ end())',
  'parse_query?query=max_over_time(up[5m:])',
  'parse_query?query=up[5m %2B step()] offset -(1h)',
  'parse_query?query="<text>" ',
  'parse_query?query=count_values without (a, "b c") ("v", (1 %2B -Inf) * NaN > bool {"x.y"})',
  'parse_query?query=time() == bool 0x1f',
  'parse_query?query=sum(',
  'rules',
  'rules?type=alert',
  'rules?type=record',
  'rules?type=x',
  'rules?exclude_alerts=true',
  'rules?exclude_alerts=x',
  'rules?rule_name[]=Up',
  'rules?rule_group[]=b',
  'rules?file[]=none',
  'rules?match[]={severity="page"}',
  'rules?match[]=sum(',
  'rules?group_limit=1',
  'rules?group_limit=0',
  'rules?group_limit=x',
  'rules?group_next_token=abc',
  'rules?group_limit=1&group_next_token=abc',
  'alerts',
  'targets',
  'targets?state=active',
  'targets?state=dropped',
  'targets?scrapePool=none',
  'targets/metadata?metric=up',
  'targets/metadata?metric=go_goroutines',
  'targets/metadata?limit=x',
  'metadata?metric=go_goroutines',
  'metadata?limit=x',
  'metadata?limit=0',
  'scrape_pools',
  'alertmanagers',
  'status/tsdb?limit=0',
  'status/tsdb?limit=20000',
  'query_exemplars?query=up',
  'query_exemplars?query=1',
  'query_exemplars?query=sum(',
  'query_exemplars?query=up&start=2&end=1',
  'query?query=up&time=1&timeout=x',
  'query?query=up&time=1&lookback_delta=x',
  'query?query=up&time=1&stats=other',
  'nothing',
];

describe('the API beside queries', () => {
  const folders: string[] = [];
  const prometheuses: RunningPrometheus[] = [];
  const servers: Server[] = [];
  const holders: SeriesHolder[] = [];
  let alone = '';
  let pair = '';

  async function start(external: Record<string, string>): Promise<RunningPrometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'query-api-'));
    folders.push(folder);
    mkdirSync(join(folder, 'data'));
    // One path, as replicas of a stack have it.
    writeFileSync(join(folders[0]!, 'rules.yml'), JSON.stringify(rules));
    const port = await freePort();
    const running = await startPrometheus(folder, {
      program: process.env.PROMETHEUS_ORACLE ?? (await newPrometheus()),
      config: config(join(folders[0]!, 'rules.yml'), `127.0.0.1:${port}`, external),
      args: [`--web.listen-address=127.0.0.1:${port}`],
    });
    prometheuses.push(running);
    return running;
  }

  async function serve(urls: readonly string[], replicaLabels: readonly string[]): Promise<string> {
    const used = urls.map((url) => new LiveHolder(new LiveClient(url), systemClock));
    holders.push(...used);
    const server = createQueryServer({
      federation: { holders: used, replicaLabels },
      dialect: {},
      clock: systemClock,
      log: silentLogger,
      version: 'test',
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  beforeAll(async () => {
    const plain = await start({});
    const [a, b] = [await start({ replica: 'a', zone: 'z' }), await start({ replica: 'b', zone: 'z' })];
    alone = await serve([plain.url], []);
    pair = await serve([a.url, b.url], ['replica']);
    for (const { url } of prometheuses) {
      await eventually('all rules are evaluated', async () => {
        const text = await (await fetch(`${url}/api/v1/rules`)).text();
        expect(text).not.toContain('"health":"unknown"');
        expect(text).toContain('"state":"firing"');
        expect(text).toContain('"state":"pending"');
        return true;
      });
    }
  }, 600_000);
  afterAll(async () => {
    for (const server of servers) server.closeAllConnections();
    for (const server of servers) server.close();
    for (const holder of holders) await holder.close();
    for (const prometheus of prometheuses) await prometheus.stop();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  async function ask(base: string, path: string, init?: RequestInit) {
    const response = await fetch(`${base}/api/v1/${path}`, init);
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      body: steady(await response.text()),
    };
  }

  it.each(requests)('%s is answered as Prometheus answers it', async (path) => {
    // A scrape or an evaluation between the two answers changes what is true: then both are asked again.
    for (let attempt = 1; ; attempt++) {
      const before = await ask(prometheuses[0]!.url, path);
      const ours = await ask(alone, path);
      const after = await ask(prometheuses[0]!.url, path);
      if (!isDeepStrictEqual(before, after) && attempt < 20) continue;
      expect(ours).toEqual(after);
      return;
    }
  });

  it.each([
    ['DELETE', 'query'],
    ['PUT', 'series'],
    ['POST', 'rules'],
    ['HEAD', 'query'],
    ['OPTIONS', 'query'],
    ['DELETE', 'nothing'],
  ])('%s %s is answered as Prometheus answers it', async (method, path) => {
    expect(await ask(alone, path, { method })).toEqual(await ask(prometheuses[0]!.url, path, { method }));
  });

  it('cardinality is that of the live server, and of two it is added up', async () => {
    const names = (text: string) => {
      const { data } = JSON.parse(text) as {
        data: { headStats: { numSeries: number } } & Record<string, unknown>;
      };
      return {
        parts: Object.keys(data),
        heads: Object.keys(data.headStats),
        series: data.headStats.numSeries,
      };
    };
    const [ours, theirs] = [await ask(alone, 'status/tsdb'), await ask(prometheuses[0]!.url, 'status/tsdb')];
    expect(names(ours.body)).toMatchObject({
      parts: names(theirs.body).parts,
      heads: names(theirs.body).heads,
    });
    expect(names((await ask(pair, 'status/tsdb')).body).series).toBeGreaterThan(names(ours.body).series);
  });

  it('all metadata is that of the live server', async () => {
    const [ours, theirs] = [await ask(alone, 'metadata'), await ask(prometheuses[0]!.url, 'metadata')];
    expect(JSON.parse(ours.body)).toEqual(JSON.parse(theirs.body));
  });

  it('statistics have the shape of Prometheus, and the same numbers of samples', async () => {
    const path = `query?query=${encodeURIComponent('sum(rate(up[5s])) + up')}&stats=true`;
    const shape = (text: string) => {
      const { stats } = (JSON.parse(text) as { data: { stats: Record<string, object> } }).data;
      return Object.entries(stats).map(([name, part]) => [name, Object.keys(part)]);
    };
    const [ours, theirs] = [await ask(alone, path), await ask(prometheuses[0]!.url, path)];
    expect(shape(ours.body)).toEqual(shape(theirs.body));
  });

  it('rules, alerts and targets of a replicated pair are told once, without the label that tells the two apart', async () => {
    const groups = JSON.parse((await ask(pair, 'rules')).body) as { data: { groups: { name: string }[] } };
    expect(groups.data.groups.map(({ name }) => name)).toEqual(['a', 'b']);
    const { body } = await ask(pair, 'alerts');
    const alerts = (JSON.parse(body) as { data: { alerts: { labels: Record<string, string> }[] } }).data
      .alerts;
    expect(alerts.length).toBeGreaterThan(0);
    for (const { labels } of alerts) {
      expect(labels).toMatchObject({ zone: 'z' });
      expect(labels).not.toHaveProperty('replica');
    }
  });

  it('packs answers with zstd for clients that ask for it first', async () => {
    const plain = await ask(alone, 'rules');
    const packed = await new Promise<{ encoding: unknown; body: Buffer }>((resolve, reject) => {
      const asked = request(
        `${alone}/api/v1/rules`,
        { headers: { 'accept-encoding': 'br, zstd, gzip' } },
        (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('end', () =>
            resolve({ encoding: response.headers['content-encoding'], body: Buffer.concat(parts) }),
          );
        },
      );
      asked.on('error', reject).end();
    });
    expect(packed.encoding).toBe('zstd');
    expect(steady(zstdDecompressSync(packed.body).toString())).toBe(plain.body);
  });
});
