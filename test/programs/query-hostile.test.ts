import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { seededRandom } from '../../src/base/random.ts';
import { FilesystemBucket } from '../../src/storage-engine/bucket/filesystem-bucket.ts';
import { BlockHolder } from '../../src/storage-engine/query/block-holder.ts';
import { LiveClient } from '../../src/storage-engine/query/live-client.ts';
import { LiveHolder } from '../../src/storage-engine/query/live-holder.ts';
import type { SeriesHolder } from '../../src/storage-engine/query/source.ts';
import { createQueryServer } from '../../src/storage-engine/serve/server.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { realProgram } from '../support/programs.ts';

const start = 1_700_000_000;
const steps = 480;

/** Expressions that must end soon, in an answer or in an error of Prometheus's types. */
const hostile: readonly (readonly [string, string, number])[] = [
  ['deep parentheses', `${'('.repeat(100_000)}up${')'.repeat(100_000)}`, 400],
  ['deep signs', `${'-'.repeat(100_000)}up`, 400],
  ['deep calls', `${'abs('.repeat(20_000)}up${')'.repeat(20_000)}`, 400],
  ['deep subqueries', `up${'[1m:1m]'.repeat(5_000)}`, 400],
  ['a long sum of numbers', `1${' + 1'.repeat(200_000)}`, 400],
  ['a long text', `"${'x'.repeat(1 << 19)}"`, 200],
  ['a text beyond the limit', `"${'x'.repeat(1 << 20)}"`, 400],
  ['a long name', 'a'.repeat(1 << 20), 200],
  ['no text', '', 400],
  ['bytes of no text', '\u0000\uffff\ud800', 400],
  ['a broken matcher', `{a=~"${'('.repeat(5_000)}"}`, 400],
  ['a regex that others go mad on', `m{i=~"(a+)+$|((a|aa)+)+b"}`, 200],
  ['a huge repetition', 'm{i=~"(((a{1000}){1000}){1000})"}', 400],
  ['a wide alternation', `m{i=~"${Array.from({ length: 20_000 }, (_, i) => `v${i}`).join('|')}"}`, 200],
  ['everything', '{__name__=~".*"}', 400],
  ['everything with a name', '{__name__=~".+"}', 200],
  ['a range of years', 'sum(count_over_time(m[100y]))', 200],
  ['an offset of years', 'm offset 200y', 200],
  ['a step of nothing', 'sum_over_time(m[1h:1ms])', 422],
  ['too many labels replaced', 'label_replace(m, "x", "$1$1$1$1", "i", "(.*)")', 200],
];

describe('the query server under hostile use', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
  const servers: Server[] = [];
  const holders: SeriesHolder[] = [];
  let url = '';

  async function listen(server: Server): Promise<string> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  function serve(...used: SeriesHolder[]): Promise<string> {
    holders.push(...used);
    return listen(
      createQueryServer({
        federation: { holders: used, replicaLabels: [] },
        dialect: {},
        clock: systemClock,
        log: silentLogger,
        version: 'test',
      }),
    );
  }

  const blocks = () =>
    new BlockHolder(new FilesystemBucket(join(folder, 'data'), seededRandom(1)), systemClock);

  beforeAll(async () => {
    const lines: string[] = [];
    for (let i = 0; i < 200; i++) {
      for (let at = 0; at < steps; at++) lines.push(`m{i="${i}"} ${at * i} ${start + at * 15}`);
    }
    writeFileSync(join(folder, 'input'), `${lines.join('\n')}\n# EOF\n`);
    execFileSync(
      await realProgram('promtool'),
      ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'input'), join(folder, 'data')],
      { stdio: 'pipe' },
    );
    url = await serve(blocks());
  }, 60_000);
  afterAll(async () => {
    for (const server of servers) server.closeAllConnections();
    for (const server of servers) server.close();
    for (const holder of holders) await holder.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function ask(base: string, query: string, rest: Record<string, string> = {}, path = 'query') {
    const response = await fetch(`${base}/api/v1/${path}`, {
      method: 'POST',
      body: new URLSearchParams({ query, time: String(start + 3600), ...rest }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  const healthy = async () => (await fetch(`${url}/-/healthy`)).status;

  it.each(hostile)('%s is answered', { timeout: 60_000 }, async (_, query, status) => {
    const answer = await ask(url, query);
    expect({ status: answer.status, error: answer.body.error }).toMatchObject({ status });
    if (status !== 200) expect(answer.body.errorType).toBe({ 400: 'bad_data', 422: 'execution' }[status]);
    expect(await healthy()).toBe(200);
  });

  it('a range of too many steps and parameters of no sense are refused as bad', async () => {
    const bad: Record<string, string>[] = [
      { start: '0', end: '1e9', step: '1' },
      { start: '-1e300', end: '1e300', step: '1e299' },
      { start: 'NaN', end: '1', step: '1' },
      { start: '0', end: '1', step: '1e400' },
      { start: '0', end: '1', step: '-1' },
      { start: '0', end: '1', step: '1', timeout: '-1s' },
    ];
    for (const rest of bad) {
      const answer = await ask(url, 'm', rest, 'query_range');
      expect(answer.status, JSON.stringify(rest)).toBe(400);
      expect(answer.body.errorType).toBe('bad_data');
    }
  });

  it('a query past its timeout ends with the error that Prometheus gives, and soon', async () => {
    const heavy = 'sum(sum_over_time(m[2h:1s])) + sum(stddev_over_time(m[2h:1s]))';
    const answer = await ask(url, heavy, { timeout: '50ms' });
    expect(answer).toMatchObject({
      status: 503,
      body: { errorType: 'timeout', error: 'query timed out in expression evaluation' },
    });
  });

  it('a client that leaves ends its query, and others are answered meanwhile', {
    timeout: 60_000,
  }, async () => {
    const away = new AbortController();
    const query = 'count(count_over_time((m * 2)[2h:1s]))';
    const asked = fetch(`${url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query, time: String(start + 7200) }),
      signal: away.signal,
    });
    const outcome = asked.then(
      () => 'answered',
      () => 'gone',
    );
    expect(await healthy()).toBe(200);
    away.abort();
    expect(['gone', 'answered']).toContain(await outcome);
    expect((await ask(url, '1')).status).toBe(200);
  });

  it('a query that keeps the processor busy gives way to health checks, and ends where its client leaves', {
    timeout: 60_000,
  }, async () => {
    const away = new AbortController();
    const query = Array.from({ length: 40 }, (_, i) => `sum(stddev_over_time(m[${i + 1}m]))`).join(' + ');
    const rest = { start: String(start), end: String(start + 7200), step: '2' };
    let ended = false;
    const asked = fetch(`${url}/api/v1/query_range`, {
      method: 'POST',
      body: new URLSearchParams({ query, ...rest }),
      signal: away.signal,
    }).then(
      () => 'answered',
      () => 'gone',
    );
    asked.finally(() => {
      ended = true;
    });
    for (let i = 0; i < 5; i++) expect(await healthy()).toBe(200);
    // It would take many seconds: checks came in between.
    expect(ended).toBe(false);
    away.abort();
    expect(await asked).toBe('gone');
    expect((await ask(url, '1')).status).toBe(200);
  });

  it('slow clients are cut off and do not keep others waiting', async () => {
    const { hostname, port } = new URL(url);
    const slow = Array.from({ length: 50 }, () => {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      socket.write('POST /api/v1/query HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n');
      return socket;
    });
    expect((await ask(url, 'count(m)')).status).toBe(200);
    for (const socket of slow) socket.destroy();
  });

  it.each([
    ['federate', 'GET', `/federate?match[]={__name__=~".%2B"}`, undefined, 200],
    ['federate of a broken selector', 'GET', `/federate?match[]=${'('.repeat(2_000)}`, undefined, 400],
    ['federate for an absurd Accept', 'GET', '/federate?match[]=m', undefined, 200],
    ['an explained pile of parentheses', 'POST', '/api/v1/explain', `query=${'('.repeat(50_000)}up`, 400],
    ['an explained range of no sense', 'POST', '/api/v1/explain', 'query=m&start=0&end=1&step=-1', 400],
    ['an explained regex bomb', 'POST', '/api/v1/explain', 'query=m{i=~"(((a{1000}){1000}){1000})"}', 400],
    ['sources', 'GET', '/api/v1/sources', undefined, 200],
    ['remote read of garbage', 'POST', '/api/v1/read', 'garbage'.repeat(1_000), 400],
    ['remote read of nothing', 'POST', '/api/v1/read', '', 400],
    // Snappy that claims four gigabytes.
    ['remote read of a bomb', 'POST', '/api/v1/read', '\u00ff\u00ff\u00ff\u00ff\u000f\u0000', 400],
  ] as const)('%s is answered', async (_, method, path, body, status) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        accept: `text/plain;q=x${',a/b;q=0.1;version=1'.repeat(300)}`,
        ...(path.includes('explain') && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(body !== undefined && { body: path.endsWith('read') ? Buffer.from(body, 'latin1') : body }),
    });
    expect({ status: response.status, text: (await response.text()).slice(0, 200) }).toMatchObject({
      status,
    });
    expect(await healthy()).toBe(200);
  });

  it('bodies and headers beyond the limits are refused', async () => {
    /** A server that refuses what is still being sent may be heard of by the end of the connection only. */
    const outcome = (path: string, init: RequestInit) =>
      fetch(`${url}${path}`, init).then(
        ({ status }) => status,
        () => 'cut off',
      );
    const large = { method: 'POST', body: Buffer.alloc(33 * 1024 * 1024) };
    expect([400, 'cut off']).toContain(await outcome('/api/v1/read', large));
    const long = { headers: { 'x-long': 'x'.repeat(100_000) } };
    expect([431, 'cut off']).toContain(await outcome('/api/v1/query?query=1', long));
    // The first requests may still meet connections that are being cut off.
    await eventually('it is well', async () => (await healthy().catch(() => 0)) === 200 || undefined);
  });

  it.each([
    ['not HTTP at all', 'garbage\r\n\r\n'],
    ['a path of no sense', 'GET //[::bad HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'],
    ['a broken escape', 'GET /api/v1/label/%zz/values HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'],
  ])('%s is refused', async (_, text) => {
    const { hostname, port } = new URL(url);
    const answer = await new Promise<string>((resolve, reject) => {
      let received = '';
      const socket = connect(Number(port), hostname, () => socket.write(text));
      socket.on('data', (part) => {
        received += part;
      });
      socket.on('close', () => resolve(received));
      socket.on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1.1 (400|404) /);
    expect(await healthy()).toBe(200);
  });

  describe('a live source beside the blocks that', () => {
    /** Answers of a source to remote reads and to all else. */
    const sources: readonly (readonly [
      string,
      (write: (status: number, type: string, body: Buffer) => void) => void,
    ])[] = [
      ['answers with an error', (write) => write(500, 'text/plain', Buffer.from('no'))],
      ['answers with HTML', (write) => write(200, 'text/html', Buffer.from('<html>'))],
      [
        'streams garbage',
        (write) =>
          write(
            200,
            'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse',
            Buffer.from('\x80\x80\x01garbage, and more of it'),
          ),
      ],
      [
        'claims a frame of gigabytes',
        (write) =>
          write(
            200,
            'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse',
            Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3, 4, 5]),
          ),
      ],
    ];

    it.each(sources)('%s is named as failed, and the blocks answer', async (_, answer) => {
      const source = await listen(
        createServer((request, response) => {
          const write = (status: number, type: string, body: Buffer) =>
            void response.writeHead(status, { 'content-type': type }).end(body);
          if (request.url?.startsWith('/api/v1/status/config'))
            return write(200, 'application/json', Buffer.from('{"status":"success","data":{"yaml":""}}'));
          answer(write);
        }),
      );
      const both = await serve(blocks(), new LiveHolder(new LiveClient(source), systemClock));
      const { status, body } = await ask(both, 'count(m)');
      expect(status).toBe(200);
      expect(body.data).toMatchObject({ result: [{ value: [start + 3600, '200'] }] });
      expect(body.warnings).toEqual([expect.stringContaining(source)]);
      expect((await ask(both, 'count(m)', { partial_response: 'false' })).status).toBe(422);
    });

    it('is not there is named, and found when it comes', async () => {
      const port = await freePort();
      const both = await serve(
        blocks(),
        new LiveHolder(new LiveClient(`http://127.0.0.1:${port}`), systemClock),
      );
      expect((await ask(both, 'count(m)')).body.warnings).toHaveLength(1);
      expect((await ask(both, 'count(m)')).status).toBe(200);
    });
  });

  it('keeps answering after all that', async () => {
    await eventually('an answer', async () => (await ask(url, 'count(m)')).status === 200 || undefined);
  });
});
