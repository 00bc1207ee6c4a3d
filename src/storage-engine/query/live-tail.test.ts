import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type Given, oneSeries, seriesOf, startMs } from '../../../test/support/window-data.ts';
import { SymbolDictionary } from '../block/index/symbol-dictionary.ts';
import { encodeXorChunk } from '../format/chunk-xor.ts';
import { visitChunkedSeries } from '../format/chunked-series.ts';
import { ProtoWriter } from '../format/protobuf.ts';
import { decodeChunkedResponse } from '../format/remote-read.ts';
import { queryRange } from '../promql/exec/engine.ts';
import { Labels } from '../promql/exec/labels.ts';
import type { SelectHints } from '../promql/exec/sample-source.ts';
import { sliceColumns } from '../samples/sample-columns.ts';
import { FederatedSource } from './federation.ts';
import { FusedWindows } from './fused/fused-windows.ts';
import { TailBuilder } from './live-tail.ts';
import type { SeriesHolder } from './source.ts';

const kernels = new FusedWindows();
afterAll(() => kernels.close());
/** The kernels, which must not leave anything to the generic evaluation. */
const watched = {
  joiner: kernels.joiner,
  async evaluate(...parameters: Parameters<FusedWindows['evaluate']>) {
    const answer = await kernels.evaluate(...parameters);
    expect(answer).toBeDefined();
    return answer;
  },
} as unknown as FusedWindows;

/** Frames as Prometheus streams them: some chunks of a series each, a long one over several. */
function messagesOf(all: readonly Given[], samplesPerChunk: number, chunksPerFrame: number): Uint8Array[] {
  return all.flatMap(({ labels, timestamps, valueBits }) => {
    const chunks: { minMs: number; maxMs: number; data: Uint8Array }[] = [];
    for (let at = 0; at < timestamps.length; at += samplesPerChunk) {
      const part = {
        timestamps: timestamps.slice(at, at + samplesPerChunk),
        valueBits: valueBits.slice(at, at + samplesPerChunk),
      };
      chunks.push({
        minMs: part.timestamps[0]!,
        maxMs: part.timestamps.at(-1)!,
        data: encodeXorChunk(part),
      });
    }
    const frames: Uint8Array[] = [];
    for (let at = 0; at < chunks.length; at += chunksPerFrame) {
      const frame = new ProtoWriter().message(1, (series) => {
        for (const [name, value] of labels.entries())
          series.message(1, (label) => void label.text(1, name).text(2, value));
        for (const { minMs, maxMs, data } of chunks.slice(at, at + chunksPerFrame))
          series.message(
            2,
            (chunk) => void chunk.integer(1, minMs).integer(2, maxMs).integer(3, 1).bytes(4, data),
          );
      });
      frames.push(frame.finish());
    }
    return frames;
  });
}

/** A server that has series, streamed whole or decoded. */
function serverOf(
  name: string,
  all: readonly Given[],
  replica: string,
  chunking: readonly [number, number],
): SeriesHolder {
  const external = Labels.from([['replica', replica]]);
  const holder: Partial<SeriesHolder> = {
    name,
    select: async (_matchers, hints) =>
      all.map(({ labels, timestamps, valueBits }) => ({
        labels: Labels.from([...labels.entries(), ...external.entries()]),
        columns: sliceColumns(
          { timestamps, values: new Float64Array(valueBits.slice().buffer) },
          hints.startMs,
          hints.endMs,
        ),
      })),
    async selectTail(_matchers, hints: SelectHints, _scope, fromMs) {
      const builder = new TailBuilder(fromMs);
      for (const message of messagesOf(all, ...chunking)) builder.add(message);
      expect(builder.isPlain).toBe(true);
      return builder.finish(name, { minTimeMs: hints.startMs, maxTimeMs: hints.endMs + 1 }, [
        ...external.entries(),
      ]);
    },
  };
  return holder as SeriesHolder;
}

const expressions = [
  'm_total',
  'rate(m_total[5m])',
  'sum by (group) (increase(m_total[5m]))',
  'max_over_time(m_total[2m])',
  'topk(2, m_total)',
  'm_total{replica="b"}',
];

describe('what live servers stream', () => {
  it('gives on kernels what it gives decoded: of one server, of one thing twice, and of replicas', async () => {
    const cases = fc.record({
      servers: fc.array(
        fc.record({
          replica: fc.constantFrom('a', 'b', ''),
          shapes: fc.array(oneSeries, { minLength: 1, maxLength: 4 }),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      dedup: fc.boolean(),
      expression: fc.constantFrom(...expressions),
      samplesPerChunk: fc.constantFrom(1, 7, 120),
      chunksPerFrame: fc.constantFrom(1, 2, 100),
      firstMs: fc.integer({ min: -100_000, max: 3_000_000 }),
      steps: fc.integer({ min: 1, max: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const holders = given.servers.map(({ replica, shapes }, i) =>
          serverOf(
            `server ${i}`,
            shapes.map((shape, id) => seriesOf(shape, id, 3)),
            replica,
            [given.samplesPerChunk, given.chunksPerFrame],
          ),
        );
        // The holders know no matchers: a selector of one replica finds those of it alone.
        const asked = given.expression.includes('replica')
          ? holders.filter((_, i) => given.servers[i]!.replica === 'b')
          : holders;
        const scope = { signal: new AbortController().signal, timeoutMs: 1000, partial: () => undefined };
        const outcome = async (fused: boolean) => {
          const source = new FederatedSource(
            {
              holders: asked,
              replicaLabels: given.dedup ? ['replica'] : [],
              ...(fused && { kernels: watched }),
            },
            scope,
          );
          const timeMs = startMs + given.firstMs;
          const result = await queryRange({
            query: given.expression,
            source,
            startMs: timeMs,
            endMs: timeMs + (given.steps - 1) * 15_000,
            stepMs: 15_000,
          }).catch((error: unknown) => String(error));
          return JSON.stringify(result, (_key, value: unknown) =>
            value instanceof Labels ? value.toString() : typeof value === 'number' ? String(value) : value,
          );
        };
        expect(await outcome(true)).toEqual(await outcome(false));
      }),
      { numRuns: 200 },
    );
  }, 120_000);

  it('leaves out what is older than asked, inside of chunks too', () => {
    const all = [10, 200].map((count, id) =>
      seriesOf({ ...fc.sample(oneSeries, { numRuns: 1, seed: 3 })[0]!, count }, id, 1),
    );
    for (const { timestamps } of all) {
      const fromMs = timestamps[7]!;
      const builder = new TailBuilder(fromMs);
      for (const message of messagesOf(all, 30, 2)) builder.add(message);
      const { chunks } = builder
        .finish('server', { minTimeMs: 0, maxTimeMs: 1 }, [])
        .answer(new SymbolDictionary()).selected.columns;
      expect(Math.min(...chunks.minMs)).toBe(fromMs);
    }
  });

  it('is read as the other reader of frames does, or refused as it does', () => {
    const shape = fc.sample(oneSeries, { numRuns: 1, seed: 5 })[0]!;
    const message = messagesOf([seriesOf(shape, 0, 1)], 7, 100)[0]!;
    const seen = (bytes: Uint8Array) => {
      const series: { labels: string[][]; chunks: unknown[] }[] = [];
      let labels: string[][] = [];
      const text = (start: number, end: number) => new TextDecoder().decode(bytes.subarray(start, end));
      visitChunkedSeries(bytes, {
        label: (a, b, c, d) => void labels.push([text(a, b), text(c, d)]),
        labelsEnd() {
          series.push({ labels, chunks: [] });
          labels = [];
        },
        chunk: (minTime, maxTime, encoding, start, end) =>
          void series.at(-1)!.chunks.push({ minTime, maxTime, encoding, data: bytes.subarray(start, end) }),
      });
      return series;
    };
    const outcome = (read: () => unknown) => {
      try {
        return read();
      } catch {
        return 'refused';
      }
    };
    fc.assert(
      fc.property(fc.nat(message.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const bytes = cut ? message.slice(0, at) : message.slice();
        if (!cut) bytes[at] = byte;
        const mine = outcome(() => seen(bytes));
        const other = outcome(() => decodeChunkedResponse(bytes).series);
        // Fields of a wrong wire type that nobody asks for are skipped by one of them.
        if (mine !== 'refused' && other !== 'refused') expect(mine).toEqual(other);
      }),
      { numRuns: 2000 },
    );
    expect(seen(message)).toEqual(decodeChunkedResponse(message).series);
  });
});
