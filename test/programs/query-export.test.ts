import { hash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compress, uncompress } from 'snappyjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import type { ProtoWriter } from '../../src/storage-engine/format/protobuf.ts';
import {
  decodeChunkedResponse,
  encodeReadRequest,
  type RemoteMatcher,
  readFrames,
} from '../../src/storage-engine/format/remote-read.ts';
import { encodeReadResponse } from '../../src/storage-engine/format/remote-read-server.ts';
import {
  emptyHistogram,
  type FloatHistogram,
} from '../../src/storage-engine/promql/exec/histogram/float-histogram.ts';
import { Labels } from '../../src/storage-engine/promql/exec/labels.ts';
import { setStale } from '../../src/storage-engine/promql/exec/sample-source.ts';
import { LiveClient } from '../../src/storage-engine/query/live-client.ts';
import { LiveHolder } from '../../src/storage-engine/query/live-holder.ts';
import { decodeChunk, mergeColumns } from '../../src/storage-engine/samples/sample-columns.ts';
import { writeSamples } from '../../src/storage-engine/serve/remote-read/sample-messages.ts';
import { createQueryServer } from '../../src/storage-engine/serve/server.ts';
import { newPrometheus } from '../support/prometheus-next.ts';
import { type RunningPrometheus, startPrometheus } from '../support/prometheus-process.ts';

/** A short name of a long body, so that a difference is told soon. */
const digest = (body: string | Uint8Array) =>
  typeof body === 'string' ? body.slice(0, 20_000) : `${body.length} bytes, sha256 ${hash('sha256', body)}`;

const samples = 300;
const intervalMs = 1000;

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly valueAt: (i: number) => number | FloatHistogram;
  readonly endsStale?: boolean;
}

const exponential = (i: number, over: Partial<FloatHistogram> = {}): FloatHistogram =>
  emptyHistogram({
    schema: 2,
    zeroThreshold: 0.001,
    zeroCount: i,
    count: 6 * i,
    sum: i * 1.5,
    positive: { indices: [1, 2, 7], counts: [i, i, i] },
    negative: { indices: [-3, 4], counts: [i, i] },
    ...over,
  });
const custom = (i: number): FloatHistogram =>
  emptyHistogram({
    schema: -53,
    count: 4 * i,
    sum: i,
    positive: { indices: [0, 2, 3], counts: [i, i, 2 * i] },
    customValues: [0.1, 0.25, 5],
  });

const odd = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0,
  1e21,
  1e-7,
  123456789.125,
  1,
  -1,
  0,
];

const series: readonly Series[] = [
  ...odd.map((value, i): Series => ({ labels: { __name__: 'odd', i: String(i) }, valueAt: () => value })),
  ...Array.from(
    { length: 30 },
    (_, i): Series => ({
      labels: {
        __name__: 'many',
        instance: `host${String(i).padStart(2, '0')}`,
        Upper: 'x',
        text: '<a>"\\\n&é',
      },
      valueAt: (at) => (at * i) / 7,
    }),
  ),
  { labels: { __name__: 'gone', i: '1' }, valueAt: (i) => i, endsStale: true },
  { labels: { __name__: 'with.dots and_spaces', 'label.x': 'y', plain: 'z' }, valueAt: (i) => i },
  { labels: { __name__: 'mixed', instance: 'a' }, valueAt: (i) => i },
  { labels: { __name__: 'mixed', instance: 'b' }, valueAt: (i) => exponential(i) },
  { labels: { __name__: 'native' }, valueAt: (i) => exponential(i) },
  { labels: { __name__: 'native_gauge' }, valueAt: (i) => exponential(i % 9, { resetHint: 'gauge' }) },
  { labels: { __name__: 'native_resets' }, valueAt: (i) => exponential(i % 50) },
  { labels: { __name__: 'native_layouts' }, valueAt: (i) => exponential(i, { schema: i < 100 ? 1 : 0 }) },
  { labels: { __name__: 'classic' }, valueAt: (i) => custom(i) },
];
// Prometheus answers remote reads in the order in which its head met the series: here that of labels.
const sorted = series.toSorted((a, b) =>
  Labels.from(Object.entries(a.labels)).compare(Labels.from(Object.entries(b.labels))),
);

describe('what other servers read from the query server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'query-export-'));
  let prometheus: RunningPrometheus;
  let holder: LiveHolder;
  let server: Server;
  let ours = '';
  const endMs = Math.floor(Date.now() / 1000) * 1000;
  const startMs = endMs - samples * intervalMs;

  beforeAll(async () => {
    mkdirSync(join(folder, 'data'));
    prometheus = await startPrometheus(folder, {
      program: process.env.PROMETHEUS_ORACLE ?? (await newPrometheus()),
      args: ['--web.enable-remote-write-receiver', '--enable-feature=native-histograms'],
    });
    const response = await fetch(`${prometheus.url}/api/v1/write`, {
      method: 'POST',
      body: Buffer.from(compress(writeRequest(sorted))),
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    });
    expect(await response.text()).toBe('');
    holder = new LiveHolder(new LiveClient(prometheus.url), systemClock);
    server = createQueryServer({
      federation: { holders: [holder], replicaLabels: [] },
      dialect: {},
      clock: systemClock,
      log: silentLogger,
      version: 'test',
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ours = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  }, 600_000);
  afterAll(async () => {
    server?.closeAllConnections();
    server?.close();
    await holder?.close();
    await prometheus?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A WriteRequest is a QueryResult, field by field. */
  function writeRequest(all: readonly Series[]): Uint8Array {
    const message = encodeReadResponse([
      all.map(({ labels, valueAt, endsStale }) => {
        const points = Array.from({ length: samples }, (_, i) => valueAt(i + 1));
        const values = Float64Array.from(points, (point) => (typeof point === 'number' ? point : 0));
        if (endsStale === true) setStale(values, samples - 1);
        const set = Labels.from(Object.entries(labels));
        return {
          labels: [...set.entries()],
          writeSamples: (writer: ProtoWriter) =>
            writeSamples(writer, {
              labels: set,
              timestamps: Float64Array.from(points, (_, i) => startMs + (i + 1) * intervalMs),
              values,
              histograms: points.map((point) => (typeof point === 'number' ? undefined : point)),
            }),
        };
      }),
    ]);
    // Without the tag and the length of the one result.
    let at = 1;
    while (message[at]! >= 0x80) at++;
    return message.subarray(at + 1);
  }

  const protobuf =
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';

  describe('/federate', () => {
    async function ask(base: string, query: string, accept?: string) {
      const response = await fetch(
        `${base}/federate?${query}`,
        accept === undefined ? {} : { headers: { accept } },
      );
      const body = Buffer.from(await response.arrayBuffer());
      const type = response.headers.get('content-type');
      return { status: response.status, type, body: type?.startsWith('text') ? body.toString() : body };
    }

    it.each([
      ['match[]=odd', undefined],
      ['match[]=many', undefined],
      ['match[]=many&match[]=odd&match[]=many{instance="host03"}', undefined],
      ['match[]={__name__=~".%2B",__name__!="classic"}', undefined],
      ['match[]={__name__=~".%2B",__name__!="classic"}', 'text/plain;version=0.0.4;escaping=allow-utf-8'],
      ['match[]={__name__=~".%2B",__name__!="classic"}', 'text/plain;escaping=dots;q=0.5'],
      ['match[]={__name__=~".%2B",__name__!="classic"}', 'text/plain;escaping=values'],
      [
        'match[]={__name__=~".%2B",__name__!="classic"}',
        'application/openmetrics-text;version=1.0.0,text/html',
      ],
      ['match[]={__name__=~"[a-m].%2B|odd|with.%2B",instance!="b"}', protobuf],
      ['match[]={__name__=~"odd|with.%2B"}', `text/plain;q=0.3,${protobuf};escaping=allow-utf-8;q=0.6`],
      // One histogram at a time: Prometheus gives all of an answer the numbers of the last.
      ['match[]=native', protobuf],
      ['match[]=native_gauge', protobuf],
      ['match[]=mixed', protobuf],
      ['match[]=classic', protobuf],
      ['match[]=classic', undefined],
      ['match[]=nothing', undefined],
      ['', undefined],
      ['match[]=sum(', undefined],
      ['match[]={}', undefined],
    ])('%s for a scraper that accepts %s is as Prometheus answers it', async (query, accept) => {
      const [mine, theirs] = [await ask(ours, query, accept), await ask(prometheus.url, query, accept)];
      expect({ ...mine, body: digest(mine.body) }).toEqual({ ...theirs, body: digest(theirs.body) });
    });

    it('takes no other method', async () => {
      const { url } = prometheus;
      const [mine, theirs] = await Promise.all(
        [ours, url].map(async (base) => (await fetch(`${base}/federate`, { method: 'POST' })).status),
      );
      expect(mine).toBe(theirs);
    });
  });

  describe('remote read', () => {
    async function ask(base: string, body: Uint8Array) {
      const response = await fetch(`${base}/api/v1/read`, { method: 'POST', body: Buffer.from(body) });
      return {
        status: response.status,
        type: response.headers.get('content-type'),
        body: Buffer.from(await response.arrayBuffer()),
      };
    }
    const named = (name: string): RemoteMatcher[] => [{ op: '=', name: '__name__', value: name }];
    const request = (
      matchers: readonly RemoteMatcher[],
      types: readonly number[],
      [from, to]: readonly [number, number] = [startMs, endMs],
    ) => {
      // The encoder asks for chunks; what is wanted here comes after, and the last packed field is appended.
      const message = encodeReadRequest([{ startMs: from, endMs: to, matchers }]);
      const withoutTypes = message.subarray(0, message.length - 3);
      const rest = types.length === 0 ? [] : [(2 << 3) | 2, types.length, ...types];
      return compress(Buffer.concat([withoutTypes, Uint8Array.from(rest)]));
    };

    it.each([
      ['odd values', named('odd')],
      ['many series', named('many')],
      ['a stale marker', named('gone')],
      ['a UTF-8 name', named('with.dots and_spaces')],
      ['histograms', named('native')],
      ['gauge histograms', named('native_gauge')],
      ['histograms that are reset', named('native_resets')],
      ['custom buckets', named('classic')],
      ['a regular expression', [{ op: '=~', name: '__name__', value: 'od.|gone' }]],
      ['a negation', [...named('many'), { op: '!=', name: 'instance', value: 'host03' }]],
      ['nothing', named('nothing')],
    ] satisfies [string, RemoteMatcher[]][])('gives %s as samples, byte for byte', async (_, matchers) => {
      for (const types of [[], [0], [0, 1]]) {
        const [mine, theirs] = [
          await ask(ours, request(matchers, types)),
          await ask(prometheus.url, request(matchers, types)),
        ];
        expect({ ...mine, body: undefined }).toEqual({ ...theirs, body: undefined });
        expect(digest(uncompress(mine.body))).toBe(digest(uncompress(theirs.body)));
      }
    });

    it('gives the samples of a part of the time', async () => {
      const times = [startMs + 10_500, startMs + 20_000] as const;
      const body = request(named('many'), [], times);
      const [mine, theirs] = [await ask(ours, body), await ask(prometheus.url, body)];
      expect(digest(uncompress(mine.body))).toBe(digest(uncompress(theirs.body)));
    });

    async function streamed(base: string, matchers: readonly RemoteMatcher[]) {
      const { status, type, body } = await ask(base, request(matchers, [1]));
      const all = new Map<string, ReturnType<typeof decodeChunk>[]>();
      for await (const message of readFrames(
        (async function* () {
          yield body;
        })(),
      )) {
        for (const { labels, chunks } of decodeChunkedResponse(message).series) {
          const key = JSON.stringify(labels);
          all.set(key, [
            ...(all.get(key) ?? []),
            ...chunks.map(({ encoding, data }) => decodeChunk(encoding, data)),
          ]);
        }
      }
      const columns = [...all].map(([key, parts]) => {
        const { timestamps, values, histograms } = mergeColumns(parts);
        const bits = [...new BigUint64Array(values.slice().buffer)].map((bit, i) =>
          histograms?.[i] === undefined ? bit : 0n,
        );
        return {
          key,
          timestamps: [...timestamps],
          bits,
          histograms: histograms?.map((h) => h && { ...h, resetHint: h.resetHint === 'gauge' }),
        };
      });
      return { status, type, columns };
    }

    it.each([
      'odd',
      'many',
      'gone',
      'native',
      'native_gauge',
      'native_resets',
      'native_layouts',
      'classic',
      'nothing',
    ])('streams the chunks of %s, with the samples of Prometheus', async (name) => {
      const [mine, theirs] = [await streamed(ours, named(name)), await streamed(prometheus.url, named(name))];
      const inTime = (all: typeof theirs) => all.columns.map(({ timestamps }) => timestamps.length);
      expect(inTime(mine)).toEqual(inTime(theirs));
      expect(mine).toEqual(theirs);
    });

    it.each([
      ['no Snappy', Buffer.from('garbage, and more of it')],
      ['no protobuf', Buffer.from(compress(Buffer.from([0xff, 0xff, 0xff])))],
      ['a kind of answer that nobody knows', Buffer.from(request(named('odd'), [7]))],
    ])('refuses %s', async (_, body) => {
      const [mine, theirs] = [await ask(ours, body), await ask(prometheus.url, body)];
      expect(mine.status).toBe(theirs.status);
      expect(mine.type).toBe(theirs.type);
    });

    it('is read by a query server that stands before it, stale markers and histograms included', async () => {
      const front = new LiveHolder(new LiveClient(ours), systemClock);
      const partial: string[] = [];
      const found = await front.select(
        [{ op: '=~', name: '__name__', value: 'gone|native' }],
        { startMs, endMs },
        {
          signal: new AbortController().signal,
          timeoutMs: 60_000,
          partial: (reason) => partial.push(reason),
        },
      );
      await front.close();
      expect(partial).toEqual([]);
      expect(found.map(({ labels, columns }) => [labels.toString(), columns.timestamps.length])).toEqual([
        ['{__name__="gone", i="1"}', samples],
        ['{__name__="native"}', samples],
      ]);
    });
  });
});
