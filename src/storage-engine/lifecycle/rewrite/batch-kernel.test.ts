import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { xorEntry } from '../../../../test/support/xor-entries.ts';
import { encodeXorChunk, staleMarkerBits } from '../../format/chunk-xor.ts';
import { bitsOfFloat } from '../../format/histogram-layout.ts';
import { type Batch, BatchBuilder, type BatchParameters, batchSeriesCount, treatment } from './batch.ts';
import { BatchKernel } from './batch-kernel.ts';
import { processBatch } from './process-batch.ts';

const startMs = 1_700_000_000_000;
const minuteMs = 60_000;

type Sample = readonly [timeMs: number, bits: bigint];

/** What one replica scrapes: stretches of a value's walk, with missed scrapes, stale markers, resets and odd values. */
const stretch = fc.record({
  intervalMs: fc.constantFrom<number[]>(15_000, 15_000, 30_000, 60_000, 1_000),
  samples: fc.integer({ min: 1, max: 300 }),
  gapMs: fc.constantFrom<number[]>(0, 0, 1, 15_000, 20_000, 299_999, 300_000, 300_001, 90 * minuteMs),
  jitterMs: fc.constantFrom<number[]>(0, 0, 5, 900),
  staleEvery: fc.constantFrom<number[]>(0, 0, 7, 50),
  first: fc.oneof(
    fc.constantFrom(0, -0, 1e16, -1e16, 0.1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN),
    fc.double(),
  ),
  step: fc.constantFrom<number[]>(0, 0, 1, 0.1, -3, 1e10),
  oddEvery: fc.constantFrom<number[]>(0, 0, 0, 11),
  odd: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -1e300),
});
const replica = fc.record({
  offsetMs: fc.integer({ min: 0, max: 20_000 }),
  stretches: fc.array(stretch, { minLength: 1, maxLength: 5 }),
  perChunk: fc.constantFrom<number[]>(1, 7, 120, 240),
});
type Replica = typeof replica extends fc.Arbitrary<infer T> ? T : never;

function samplesOf({ offsetMs, stretches }: Replica): Sample[] {
  const out: Sample[] = [];
  let time = startMs + offsetMs;
  for (const { intervalMs, samples, gapMs, jitterMs, staleEvery, first, step, oddEvery, odd } of stretches) {
    for (let i = 0; i < samples; i++) {
      time += intervalMs + ((i * 7919) % (jitterMs + 1));
      const value = oddEvery > 0 && i % oddEvery === oddEvery - 1 ? odd : first + step * (i % 97);
      const stale = staleEvery > 0 && i % staleEvery === staleEvery - 1;
      out.push([time, stale ? staleMarkerBits : bitsOfFloat(value)]);
    }
    time += gapMs;
  }
  return out;
}

interface PlacedChunk {
  readonly entry: Uint8Array;
  readonly replica: number;
  readonly minTime: number;
  readonly maxTime: number;
}

function chunksOf(given: Replica, number: number): PlacedChunk[] {
  const samples = samplesOf(given);
  const out: PlacedChunk[] = [];
  for (let at = 0; at < samples.length; at += given.perChunk) {
    const part = samples.slice(at, at + given.perChunk);
    const data = encodeXorChunk({
      timestamps: Float64Array.from(part, ([time]) => time),
      valueBits: BigUint64Array.from(part, ([, bits]) => bits),
    });
    out.push({ entry: xorEntry(data), replica: number, minTime: part[0]![0], maxTime: part.at(-1)![0] });
  }
  return out;
}

function batchOf(
  all: readonly (readonly Replica[])[],
  kind: 0 | 1 | 2,
  cut: (series: number) => readonly [number, number],
): Batch {
  const builder = new BatchBuilder();
  all.forEach((replicas, number) => {
    const chunks = replicas.flatMap(chunksOf).sort((a, b) => a.minTime - b.minTime);
    builder.begin(kind);
    for (const { entry, replica: owner, minTime, maxTime } of chunks)
      builder.add(entry, owner, owner, minTime, maxTime, 1);
    builder.end(...cut(number), []);
  });
  return builder.build();
}

const parameters = (replicas: number): BatchParameters => ({
  native: false,
  replicas,
  names: ['a', 'b', 'c'],
  resolutionMs: 5 * minuteMs,
  sourceResolutionMs: 0,
});

class CountingKernel extends BatchKernel {
  taken = 0;
  override merge(...given: Parameters<BatchKernel['merge']>) {
    const done = super.merge(...given);
    if (done) this.taken++;
    return done;
  }
  override downsample(...given: Parameters<BatchKernel['downsample']>) {
    const done = super.downsample(...given);
    if (done) this.taken++;
    return done;
  }
}
const kernel = new CountingKernel();

/** What came of a batch, or the fault. */
function outcome(batch: Batch, with_: BatchParameters, by?: BatchKernel): unknown {
  try {
    const { bytes, counts, chunks } = processBatch(batch, with_, by);
    return { bytes: Buffer.from(bytes).toString('hex'), counts: [...counts], chunks: [...chunks] };
  } catch (error) {
    return (error as Error).message;
  }
}

const everything = (): readonly [number, number] => [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];

/** The first series whole, of the others a part. */
const spans = fc
  .tuple(fc.integer({ min: -5, max: 300 }), fc.integer({ min: 0, max: 300 }))
  .map(([from, length]) => (number: number): readonly [number, number] => {
    if (number === 0) return everything();
    return [startMs + from * 15_000, startMs + (from + length) * 15_000 + number];
  });

describe('the kernels of a batch', () => {
  it('merge replicas to the bytes of the generic path', () => {
    let series = 0;
    kernel.taken = 0;
    fc.assert(
      fc.property(
        fc.array(fc.array(replica, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
        spans,
        (all, span) => {
          const batch = batchOf(all, treatment.merge, span);
          series += batchSeriesCount(batch);
          expect(outcome(batch, parameters(3), kernel)).toEqual(outcome(batch, parameters(3)));
        },
      ),
      { numRuns: 200 },
    );
    expect(kernel.taken).toBe(series);
  });

  it('downsample to the bytes of the generic path', () => {
    let series = 0;
    kernel.taken = 0;
    fc.assert(
      fc.property(fc.array(replica, { minLength: 1, maxLength: 3 }), spans, (all, span) => {
        const batch = batchOf(
          all.map((each) => [each]),
          treatment.downsample,
          span,
        );
        series += batchSeriesCount(batch);
        expect(outcome(batch, parameters(1), kernel)).toEqual(outcome(batch, parameters(1)));
      }),
      { numRuns: 200 },
    );
    // What infinities sum up to is left to the generic path.
    expect(kernel.taken).toBeGreaterThan(series / 3);
  });

  it('leave to the generic path what overlaps, and what is damaged', () => {
    fc.assert(
      fc.property(
        replica,
        fc.nat(),
        fc.constantFrom(treatment.merge, treatment.downsample),
        (given, flip, kind) => {
          const overlapping = { ...given, offsetMs: given.offsetMs + 3 };
          const batch = batchOf([[given], [given, overlapping]], kind, everything);
          for (let number = 0; number < batch.chunks.length / 6; number++) batch.chunks[number * 6 + 2] = 0;
          expect(outcome(batch, parameters(1), kernel)).toEqual(outcome(batch, parameters(1)));
          batch.bytes[flip % batch.bytes.length]! ^= 1 << (flip % 8);
          expect(outcome(batch, parameters(1), kernel)).toEqual(outcome(batch, parameters(1)));
        },
      ),
      { numRuns: 80 },
    );
  });

  it('take series that come out larger than usual', () => {
    const noisy = {
      offsetMs: 0,
      perChunk: 120,
      stretches: Array.from({ length: 40 }, (_, i) => ({
        intervalMs: 15_000,
        samples: 100,
        gapMs: 0,
        jitterMs: 900,
        staleEvery: 0,
        first: Math.sqrt(i + 2) * 1e7,
        step: Math.PI,
        oddEvery: 0,
        odd: 0,
      })),
    };
    const batch = batchOf([[noisy, { ...noisy, offsetMs: 7_000 }]], treatment.merge, everything);
    kernel.taken = 0;
    expect(outcome(batch, parameters(2), kernel)).toEqual(outcome(batch, parameters(2)));
    expect(kernel.taken).toBe(1);
  });
});
