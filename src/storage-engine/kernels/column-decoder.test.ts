import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinEntries, xorEntry } from '../../../test/support/xor-entries.ts';
import { decodeXorChunk, encodeXorChunk, type FloatSamples, staleMarkerBits } from '../format/chunk-xor.ts';
import { ColumnDecoder } from './column-decoder.ts';
import { Kernel } from './kernel.ts';

const decoder = new ColumnDecoder();
const startMs = 1_700_000_000_000;
const dayMs = 24 * 3600 * 1000;

/** Values as real series have them: runs, counters, whole random bits. */
const bits = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0n, 0x3ff0000000000000n, 0x4059000000000000n) },
  {
    weight: 3,
    arbitrary: fc
      .integer({ min: 0, max: 5000 })
      .map((n) => new BigUint64Array(new Float64Array([n]).buffer)[0]!),
  },
  { weight: 1, arbitrary: fc.constantFrom(staleMarkerBits, 0x7ff8000000000001n, 0xfff0000000000000n) },
  { weight: 2, arbitrary: fc.bigInt(0n, 2n ** 64n - 1n) },
);
const steps = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(15_000, 15_000, 15_000, 60_000) },
  { weight: 2, arbitrary: fc.integer({ min: 14_990, max: 15_010 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 600_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(8192, 8193, 65_536, 524_288, 524_289, 10 * dayMs) },
);
const samples = fc
  .array(fc.tuple(steps, bits, fc.integer({ min: 1, max: 40 })), { minLength: 1, maxLength: 60 })
  .map((runs): FloatSamples => {
    const all = runs.flatMap(([step, value, times]) =>
      Array.from({ length: times }, () => ({ step, value })),
    );
    const timestamps = new Float64Array(all.length);
    all.forEach(({ step }, i) => {
      timestamps[i] = (i === 0 ? startMs : timestamps[i - 1]!) + step;
    });
    return { timestamps, valueBits: BigUint64Array.from(all, ({ value }) => value) };
  });

function within({ timestamps, valueBits }: FloatSamples, baseMs: number, lastMs: number) {
  const kept = [...timestamps.keys()].filter((i) => timestamps[i]! > baseMs && timestamps[i]! <= lastMs);
  return kept.map((i) => [timestamps[i]! - baseMs, valueBits[i]!] as const);
}

function decoded(columns: { times: Int32Array; values: Float64Array } | undefined) {
  if (columns === undefined) return undefined;
  const words = new BigUint64Array(columns.values.slice().buffer);
  return [...columns.times].map((time, i) => [time, words[i]!] as const);
}

describe('the column decoder', () => {
  it('gives the samples of the generic decoder inside any span, bit by bit', () => {
    fc.assert(
      fc.property(samples, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 8 }), (given, from, to, parts) => {
        const count = given.timestamps.length;
        const cuts = [0, ...Array.from({ length: parts }, (_, i) => Math.ceil(((i + 1) * count) / parts))];
        const chunks = cuts.slice(1).flatMap((end, i) => {
          const [a, b] = [cuts[i]!, end];
          if (a === b) return [];
          return [{ timestamps: given.timestamps.slice(a, b), valueBits: given.valueBits.slice(a, b) }];
        });
        const baseMs = given.timestamps[from % count]! - (from % 3);
        const lastMs = Math.max(baseMs, given.timestamps[to % count]!) + (to % 3);
        const entries = joinEntries(chunks.map((chunk) => xorEntry(encodeXorChunk(chunk))));
        const span = { baseMs, lastMs, verify: true };
        const fits = lastMs - baseMs < 2 ** 31;
        expect(decoded(decoder.decode(entries, span))).toEqual(
          fits ? within(given, baseMs, lastMs) : undefined,
        );
      }),
      { numRuns: 500 },
    );
  });

  it('leaves chunks that overlap, and those of other encodings, to others', () => {
    const chunk = xorEntry(
      encodeXorChunk({
        timestamps: Float64Array.of(startMs, startMs + 1),
        valueBits: BigUint64Array.of(1n, 2n),
      }),
    );
    const span = { baseMs: startMs - 1, lastMs: startMs + 10, verify: true };
    expect(decoder.decode(joinEntries([chunk]), span)?.times.length).toBe(2);
    expect(decoder.decode(joinEntries([chunk, chunk]), span)).toBeUndefined();
    const other = chunk.slice();
    other[1] = 2;
    expect(decoder.decode(joinEntries([other]), { ...span, verify: false })).toBeUndefined();
  });

  it('refuses every flipped bit where it verifies checksums', () => {
    const data = encodeXorChunk({
      timestamps: Float64Array.of(startMs, startMs + 15_000, startMs + 30_000),
      valueBits: BigUint64Array.of(1n, 2n, 2n),
    });
    const span = { baseMs: startMs - 1, lastMs: startMs + dayMs, verify: true };
    for (let bit = 0; bit < xorEntry(data).length * 8; bit++) {
      const damaged = xorEntry(data);
      damaged[bit >>> 3]! ^= 1 << (bit & 7);
      expect(decoder.decode(joinEntries([damaged]), span)).toBeUndefined();
    }
  });

  it('never leaves its buffers and never invents samples, whatever the bytes are', () => {
    const kernel = new Kernel();
    const guard = 0xa5;
    fc.assert(
      fc.property(
        samples,
        fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        (given, flips, cut) => {
          const data = encodeXorChunk(given);
          for (const flip of flips) data[flip % data.length]! ^= 1 << (flip % 8);
          const damaged = data.slice(0, 1 + (cut % data.length));
          const entry = xorEntry(damaged);
          kernel.release();
          const at = kernel.allocate(entry.length);
          const before = kernel.allocate(64);
          const capacity = given.timestamps.length;
          const times = kernel.allocate(capacity * 4);
          const middle = kernel.allocate(64);
          const values = kernel.allocate(capacity * 8);
          const after = kernel.allocate(64);
          kernel.bytes(at, entry.length).set(entry);
          for (const place of [before, middle, after]) kernel.bytes(place, 64).fill(guard);
          kernel.run.setColumns(times, values, 0, capacity);
          kernel.run.setSpan(startMs, 2 ** 31 - 1);
          kernel.run.startSeries();
          const status = kernel.run.decodeEntry(at, at + entry.length, true);
          for (const place of [before, middle, after])
            expect(kernel.bytes(place, 64).every((byte) => byte === guard)).toBe(true);
          if (status !== 0) return;
          let generic: FloatSamples;
          try {
            generic = decodeXorChunk(damaged);
          } catch {
            // The kernel stops behind the span and does not see what is wrong there.
            return;
          }
          const count = kernel.run.samples();
          const columns = { times: kernel.int32(times, count), values: kernel.float64(values, count) };
          // The kernel stops at the first sample behind the span; damaged times may come back from there.
          const lastMs = startMs + 2 ** 31 - 1;
          const beyond = generic.timestamps.findIndex((time) => time > lastMs);
          const read = beyond < 0 ? generic.timestamps.length : beyond;
          const seen = { ...generic, timestamps: generic.timestamps.subarray(0, read) };
          expect(decoded(columns)).toEqual(within(seen, startMs, lastMs));
        },
      ),
      { numRuns: 4000 },
    );
  });
});
