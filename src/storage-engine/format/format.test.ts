import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorruptDataError } from '../../base/errors.ts';
import { BitReader } from './bit-reader.ts';
import { BitWriter } from './bit-writer.ts';
import { parseBlockMeta } from './block-meta.ts';
import { ByteReader } from './byte-reader.ts';
import {
  checkSegmentHeader,
  chunkEntryBytes,
  chunkLocation,
  chunkReference,
  readChunkEntry,
  segmentHeaderBytes,
} from './chunk.ts';
import { decodeXorChunk, encodeXorChunk, staleMarkerBits } from './chunk-xor.ts';
import { crc32c } from './crc32c.ts';

const ascii = (text: string) => new TextEncoder().encode(text);

describe('crc32c', () => {
  it.each([
    ['', 0],
    ['a', 0xc1d04330],
    ['123456789', 0xe3069283],
    ['The quick brown fox jumps over the lazy dog', 0x22620404],
  ])('of %j is its published value', (text, value) => {
    expect(crc32c(ascii(text))).toBe(value);
  });

  it('continues from an earlier checksum', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
        const at = Math.min(cut, bytes.length);
        expect(crc32c(bytes, at, bytes.length, crc32c(bytes, 0, at))).toBe(crc32c(bytes));
      }),
    );
  });
});

describe('BitReader', () => {
  it('reads back what BitWriter wrote, at any alignment', () => {
    const field = fc
      .integer({ min: 1, max: 64 })
      .chain((width) =>
        fc.record({ width: fc.constant(width), value: fc.bigInt(0n, 2n ** BigInt(width) - 1n) }),
      );
    fc.assert(
      fc.property(
        fc.array(field, { maxLength: 40 }),
        fc.array(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), { maxLength: 5 }),
        (fields, numbers) => {
          const writer = new BitWriter();
          for (const { width, value } of fields) writer.bits(value, width);
          for (const number of numbers) writer.varint(number);
          const reader = new BitReader(writer.finish(), 'test');
          expect(fields.map(({ width }) => reader.bits64(width))).toEqual(fields.map(({ value }) => value));
          expect(numbers.map(() => reader.varint())).toEqual(numbers);
        },
      ),
    );
  });
});

describe('ByteReader', () => {
  it('reads signed varints that BitWriter wrote', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (number) => {
        const writer = new BitWriter();
        writer.varint(BigInt(number));
        expect(new ByteReader(writer.finish(), 'test').varint()).toBe(number);
      }),
    );
  });

  it('refuses to read past its end and integers beyond 2^53', () => {
    expect(() => new ByteReader(new Uint8Array(3), 'test').uint32()).toThrow(CorruptDataError);
    expect(() => new ByteReader(new Uint8Array(8).fill(255), 'test').uint64()).toThrow(/beyond 2\^53/);
    expect(() => new ByteReader(new Uint8Array(12).fill(0x80), 'test').uvarint()).toThrow(CorruptDataError);
  });
});

const samples = fc
  .record({
    start: fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
    steps: fc.array(fc.oneof(fc.constantFrom(15_000, 60_000), fc.integer({ min: 0, max: 10 ** 9 })), {
      maxLength: 200,
    }),
    bits: fc.array(
      fc.oneof(
        fc.constantFrom(0n, staleMarkerBits, 0x3ff0000000000000n, 0x7ff8000000000001n),
        fc.bigInt(0n, 2n ** 64n - 1n),
      ),
      { minLength: 201, maxLength: 201 },
    ),
  })
  .map(({ start, steps, bits }) => {
    const timestamps = Float64Array.from([start, ...steps]);
    for (let i = 1; i < timestamps.length; i++) timestamps[i]! += timestamps[i - 1]!;
    return { timestamps, valueBits: BigUint64Array.from(bits.slice(0, timestamps.length)) };
  });

describe('an XOR chunk', () => {
  it('decodes to the samples it was encoded from, bit by bit', () => {
    fc.assert(
      fc.property(samples, (given) => {
        expect(decodeXorChunk(encodeXorChunk(given))).toEqual(given);
      }),
    );
  });

  it('that is truncated or flipped raises CorruptData or decodes, never anything else', () => {
    fc.assert(
      fc.property(samples, fc.nat(), fc.nat(), (given, cut, flip) => {
        const data = encodeXorChunk(given);
        const damaged = data.slice(0, cut % (data.length + 1));
        if (damaged.length > 0) damaged[flip % damaged.length]! ^= 1 << (flip % 8);
        try {
          decodeXorChunk(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptDataError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a chunk entry', () => {
  const data = Uint8Array.from([0, 1, 2, 3]);
  const body = Uint8Array.from([1, ...data]);
  const sum = crc32c(body);
  const entry = Uint8Array.from([
    data.length,
    ...body,
    sum >>> 24,
    (sum >>> 16) & 255,
    (sum >>> 8) & 255,
    sum & 255,
  ]);

  it('is read with its encoding and data', () => {
    expect(readChunkEntry(entry, 0, 'segment')).toEqual({ encoding: 1, data, end: entry.length });
    expect(chunkEntryBytes(data.length)).toBe(entry.length);
  });

  it('with any flipped bit after its length is refused', () => {
    for (let bit = 8; bit < entry.length * 8; bit++) {
      const damaged = entry.slice();
      damaged[bit >>> 3]! ^= 1 << (bit & 7);
      expect(() => readChunkEntry(damaged, 0, 'segment')).toThrow(CorruptDataError);
    }
  });

  it('is found by the reference of its segment and offset', () => {
    expect(chunkLocation(chunkReference({ segment: 7, offset: 123_456 }))).toEqual({
      segment: 7,
      offset: 123_456,
    });
  });
});

describe('parseBlockMeta', () => {
  const meta = {
    ulid: '01BKGV7JBM69T2G1BGBGM6KB12',
    minTime: 0,
    maxTime: 7200000,
    stats: {},
    compaction: { level: 1, sources: [] },
    version: 1,
  };

  it.each([
    ['not JSON', '{'],
    ['another version', JSON.stringify({ ...meta, version: 2 })],
    ['a name that is no ULID', JSON.stringify({ ...meta, ulid: '../../etc' })],
    ['time that runs backwards', JSON.stringify({ ...meta, maxTime: -1 })],
    [
      'labels that are no strings',
      JSON.stringify({ ...meta, thanos: { labels: { a: 1 }, downsample: { resolution: 0 } } }),
    ],
  ])('refuses %s', (_name, text) => {
    expect(() => parseBlockMeta(text, 'meta.json')).toThrow(CorruptDataError);
  });

  it('accepts a block without the part of Thanos', () => {
    expect(parseBlockMeta(JSON.stringify(meta), 'meta.json')).toEqual(meta);
  });
});

it('a segment file starts with its magic number and version 1', () => {
  const header = Uint8Array.of(0x85, 0xbd, 0x40, 0xdd, 1, 0, 0, 0);
  expect(header).toHaveLength(segmentHeaderBytes);
  checkSegmentHeader(header, 'segment');
  for (const at of [0, 3, 4])
    expect(() => checkSegmentHeader(header.with(at, 9), 'segment')).toThrow(/segment/);
});
