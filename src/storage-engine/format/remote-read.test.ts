import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorruptDataError } from '../../base/errors.ts';
import { crc32c } from './crc32c.ts';
import { ProtoWriter } from './protobuf.ts';
import { decodeChunkedResponse, encodeReadRequest, type RemoteSeries, readFrames } from './remote-read.ts';

const series = fc.record({
  labels: fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string({ minLength: 1 })), { maxLength: 4 }),
  chunks: fc.array(
    fc.record({
      minTime: fc.maxSafeInteger(),
      maxTime: fc.maxSafeInteger(),
      encoding: fc.nat(6),
      data: fc.uint8Array({ maxLength: 40 }),
    }),
    { maxLength: 4 },
  ),
});

function message(all: RemoteSeries[], queryIndex: number): Uint8Array {
  const writer = new ProtoWriter();
  for (const { labels, chunks } of all) {
    writer.message(1, (inner) => {
      for (const [name, value] of labels)
        inner.message(1, (label) => void label.text(1, name).text(2, value));
      for (const chunk of chunks)
        inner.message(
          2,
          (part) =>
            void part
              .integer(1, chunk.minTime)
              .integer(2, chunk.maxTime)
              .integer(3, chunk.encoding)
              .bytes(4, chunk.data),
        );
    });
  }
  return writer.integer(2, queryIndex).finish();
}

function frame(content: Uint8Array): Uint8Array {
  const length: number[] = [];
  let rest = content.length;
  for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
  length.push(rest);
  const sum = crc32c(content);
  return Uint8Array.from([
    ...length,
    sum >>> 24,
    (sum >>> 16) & 255,
    (sum >>> 8) & 255,
    sum & 255,
    ...content,
  ]);
}

async function* parts(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function collect(bytes: Uint8Array, size: number) {
  const found = [];
  for await (const content of readFrames(parts(bytes, size))) found.push(decodeChunkedResponse(content));
  return found;
}

describe('a stream of chunked read responses', () => {
  it('decodes to what was sent, however the bytes arrive', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(series, { maxLength: 3 }), { maxLength: 4 }),
        fc.integer({ min: 1, max: 60 }),
        async (frames, size) => {
          const bytes = Uint8Array.from(frames.flatMap((all, i) => [...frame(message(all, i))]));
          expect(await collect(bytes, size)).toEqual(
            frames.map((all, queryIndex) => ({ queryIndex, series: all })),
          );
        },
      ),
    );
  });

  it('that ends inside a frame, or goes on with an error text, fails', async () => {
    const good = frame(message([], 3));
    await expect(collect(good.slice(0, -1), 10)).rejects.toThrow(/ends inside a frame/);
    await expect(
      collect(Uint8Array.from([...good, ...new TextEncoder().encode('error: out of memory')]), 10),
    ).rejects.toBeInstanceOf(CorruptDataError);
  });

  it('with any flipped bit fails', async () => {
    const good = frame(message([{ labels: [['a', 'b']], chunks: [] }], 1));
    for (let bit = 0; bit < good.length * 8; bit++) {
      const damaged = good.slice();
      damaged[bit >>> 3]! ^= 1 << (bit & 7);
      await expect(collect(damaged, 7)).rejects.toBeInstanceOf(CorruptDataError);
    }
  });
});

describe('a read request', () => {
  it('has the bytes that the protobuf schema demands', () => {
    const request = encodeReadRequest([
      { startMs: -1, endMs: 300, matchers: [{ op: '=~', name: 'a', value: 'x' }] },
    ]);
    expect(Buffer.from(request).toString('hex')).toBe(
      '0a2808ffffffffffffffffff0110ac021a080802120161' +
        '1a0178' +
        '220e18ffffffffffffffffff0120ac02' +
        '120101',
    );
  });
});
