import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorruptDataError } from '../../base/errors.ts';
import { decodeHistogramChunk } from './chunk-histogram.ts';
import { encodeHistogramChunk } from './chunk-histogram-writer.ts';
import { decodeXorChunk, encodeXorChunk, staleMarkerBits } from './chunk-xor.ts';
import { decodeXor2Chunk } from './chunk-xor2.ts';
import { floatOfBits } from './histogram-layout.ts';

interface OracleSample {
  readonly t: number;
  readonly st: number;
  readonly v: string;
  readonly count?: string;
  readonly zero?: string;
  readonly positive?: readonly string[];
  readonly negative?: readonly string[];
}

interface OracleChunk {
  readonly name: string;
  readonly encoding: number;
  readonly hex: string;
  readonly reset: number;
  readonly schema?: number;
  readonly zeroThreshold?: string;
  readonly customValues?: readonly string[];
  readonly samples: readonly OracleSample[];
}

const chunks = JSON.parse(
  readFileSync(join(import.meta.dirname, 'testdata/chunks.json'), 'utf8'),
) as OracleChunk[];
const dataOf = (chunk: OracleChunk) => new Uint8Array(Buffer.from(chunk.hex, 'hex'));
const bits = (value: bigint) => value.toString(16).padStart(16, '0');
const view = new DataView(new ArrayBuffer(8));
const bitsOfFloat = (value: number) => {
  view.setFloat64(0, value);
  return bits(view.getBigUint64(0));
};
const titled = (encodings: readonly number[]) =>
  chunks
    .filter((chunk) => encodings.includes(chunk.encoding))
    .map((chunk) => [chunk.encoding, chunk.name, chunk] as const);

describe('chunks that Prometheus wrote', () => {
  it.each(titled([1]))(
    'of encoding %i, %s, decode to its samples and encode to its bytes',
    (_encoding, _name, chunk) => {
      const samples = decodeXorChunk(dataOf(chunk));
      expect([...samples.timestamps]).toEqual(chunk.samples.map((sample) => sample.t));
      expect([...samples.valueBits].map(bits)).toEqual(chunk.samples.map((sample) => sample.v));
      expect(Buffer.from(encodeXorChunk(samples)).toString('hex')).toBe(chunk.hex);
    },
  );

  it.each(titled([4]))(
    'of encoding %i, %s, decode to its samples and start timestamps',
    (_encoding, _name, chunk) => {
      const samples = decodeXor2Chunk(dataOf(chunk));
      expect([...samples.timestamps]).toEqual(chunk.samples.map((sample) => sample.t));
      expect([...samples.valueBits].map(bits)).toEqual(chunk.samples.map((sample) => sample.v));
      expect([...samples.startTimestamps]).toEqual(chunk.samples.map((sample) => sample.st));
    },
  );

  it.each(titled([2, 3, 5, 6]))('of encoding %i, %s, decode to its histograms', (encoding, _name, chunk) => {
    const samples = decodeHistogramChunk(dataOf(chunk), encoding as 2);
    const { layout } = samples;
    expect({
      schema: layout.schema,
      zeroThreshold: bitsOfFloat(layout.zeroThreshold),
      customValues: [...layout.customValues].map(bitsOfFloat),
    }).toEqual({
      schema: chunk.schema,
      zeroThreshold: chunk.zeroThreshold,
      customValues: chunk.customValues ?? [],
    });
    expect(samples.counterReset).toBe(['unknown', 'notReset', 'reset', 'gauge'][chunk.reset]);
    const row = (column: Float64Array, i: number) => {
      const width = column.length / samples.timestamps.length;
      return [...column.subarray(i * width, (i + 1) * width)].map(bitsOfFloat);
    };
    chunk.samples.forEach((expected, i) => {
      expect(samples.timestamps[i]).toBe(expected.t);
      expect(samples.startTimestamps?.[i] ?? 0).toBe(expected.st);
      expect(bits(samples.sumBits[i]!)).toBe(expected.v);
      if (samples.sumBits[i] === staleMarkerBits) return;
      expect(bitsOfFloat(samples.counts[i]!)).toBe(expected.count);
      expect(bitsOfFloat(samples.zeroCounts[i]!)).toBe(expected.zero);
      expect(row(samples.positive, i)).toEqual(expected.positive ?? []);
      expect(row(samples.negative, i)).toEqual(expected.negative ?? []);
    });
  });

  it('that are truncated or flipped raise CorruptData or decode, and never anything else', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...chunks),
        fc.nat(),
        fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
        (chunk, cut, flips) => {
          const data = dataOf(chunk);
          const damaged = data.slice(0, cut % 3 === 0 ? 1 + (cut % data.length) : data.length);
          for (const flip of flips) damaged[flip % damaged.length]! ^= 1 << (flip % 8);
          try {
            if (chunk.encoding === 1) decodeXorChunk(damaged);
            else if (chunk.encoding === 4) decodeXor2Chunk(damaged);
            else decodeHistogramChunk(damaged, chunk.encoding as 2);
          } catch (error) {
            expect(error).toBeInstanceOf(CorruptDataError);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('read floats by their bits', () => {
    expect(floatOfBits(0x3ff0000000000000n)).toBe(1);
  });

  it.each(titled([2, 3]))('of encoding %i, %s, encode again to their bytes', (encoding, _name, chunk) => {
    const samples = decodeHistogramChunk(dataOf(chunk), encoding as 2);
    if (samples.timestamps.length === 0) return;
    expect(Buffer.from(encodeHistogramChunk(samples, encoding as 2)).toString('hex')).toBe(chunk.hex);
  });
});
