import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../format/crc32c.ts';
import { decodeSeries, seriesEntry } from '../../format/index-series.ts';
import { ColumnsBuilder } from './index-columns.ts';
import { collectPostings } from './name-postings.ts';
import { SymbolDictionary } from './symbol-dictionary.ts';

const encoder = new TextEncoder();

function batch(texts: readonly string[]) {
  const parts = texts.map((text) => encoder.encode(text));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  const starts = new Uint32Array(parts.length);
  const ends = new Uint32Array(parts.length);
  let at = 0;
  parts.forEach((part, i) => {
    bytes.set(part, at);
    starts[i] = at;
    at += part.length;
    ends[i] = at;
  });
  return { bytes, starts, ends };
}

const text = fc.string({ unit: 'grapheme', maxLength: 6 });

describe('a symbol dictionary', () => {
  it('keeps each text once under a number that never changes, in byte order', () => {
    fc.assert(
      fc.property(fc.array(fc.array(text, { maxLength: 30 }), { maxLength: 12 }), (batches) => {
        const symbols = new SymbolDictionary();
        const idOf = new Map<string, number>();
        for (const texts of batches) {
          const ids = [...symbols.intern(batch(texts))];
          expect(texts.map((known, i) => idOf.get(known) ?? ids[i])).toEqual(ids);
          for (const [i, id] of ids.entries()) idOf.set(texts[i]!, id);
        }
        expect(symbols.count).toBe(idOf.size);
        const all = [...idOf.keys()];
        expect(all.map((known) => [symbols.text(idOf.get(known)!), symbols.find(known)])).toEqual(
          all.map((known) => [known, idOf.get(known)]),
        );
        const ordered = [...all].sort((a, b) => symbols.compare(idOf.get(a)!, idOf.get(b)!));
        expect(ordered).toEqual(all.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
        expect(symbols.find('not in there')).toBeUndefined();
      }),
    );
  });

  it('keeps its order when thousands of texts come between the same two', () => {
    const symbols = new SymbolDictionary();
    symbols.intern(batch(['a', 'z']));
    for (let i = 0; i < 3000; i++) symbols.internText(`m${'y'.repeat(i % 50)}${3000 - i}`);
    const ids = Array.from({ length: symbols.count }, (_, id) => id);
    const byKey = [...ids].sort((a, b) => symbols.compare(a, b)).map((id) => symbols.text(id));
    expect(byKey).toEqual([...byKey].sort());
  });

  it('writes a text as JSON in the way results do', () => {
    const symbols = new SymbolDictionary();
    const id = symbols.internText('a"\b\u2028<é');
    expect(new TextDecoder().decode(symbols.jsonBytes(id))).toBe('"a\\"\\u0008\u2028<é"');
  });
});

function uvarint(value: bigint): number[] {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  out.push(Number(rest));
  return out;
}

const zigzag = (value: bigint) => uvarint((value << 1n) ^ (value >> 63n));

interface Series {
  readonly labels: readonly number[];
  readonly chunks: readonly { min: number; max: number; reference: number }[];
}

/** An entry as Prometheus writes it. */
function encode({ labels, chunks }: Series): Uint8Array {
  const content = [
    ...uvarint(BigInt(labels.length / 2)),
    ...labels.flatMap((label) => uvarint(BigInt(label))),
  ];
  content.push(...uvarint(BigInt(chunks.length)));
  chunks.forEach(({ min, max, reference }, i) => {
    const before = chunks[i - 1];
    content.push(...(before === undefined ? zigzag(BigInt(min)) : uvarint(BigInt(min - before.max))));
    content.push(...uvarint(BigInt(max - min)));
    content.push(
      ...(before === undefined ? uvarint(BigInt(reference)) : zigzag(BigInt(reference - before.reference))),
    );
  });
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32c(Uint8Array.from(content)));
  return Uint8Array.from([...uvarint(BigInt(content.length)), ...content, ...sum]);
}

const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const chunk = fc.record({
  gap: fc.oneof(fc.nat(100_000), fc.nat(2 ** 40)),
  length: fc.nat(10_000_000),
  skip: fc.oneof(fc.integer({ min: 8, max: 500 }), fc.constant(2 ** 32)),
});
const series = fc
  .record({ first: fc.integer({ min: -(2 ** 40), max: 2 ** 41 }), chunks: fc.array(chunk, { maxLength: 5 }) })
  .chain(({ first, chunks }) =>
    fc.subarray([0, 2, 4]).chain((kept) =>
      fc.tuple(...kept.map(() => fc.nat(5))).map((values): Series => {
        let max = first;
        let reference = 8;
        return {
          labels: kept.flatMap((name, i) => [name, values[i]!]),
          chunks: chunks.map(({ gap, length, skip }) => {
            const min = max + gap;
            max = min + length;
            reference += skip;
            return { min, max, reference };
          }),
        };
      }),
    ),
  );

describe('columns of an index', () => {
  it('hold what the entries say, as the plain decoder reads them', () => {
    fc.assert(
      fc.property(fc.array(series, { maxLength: 12 }), (given) => {
        const symbols = new SymbolDictionary();
        const ids = symbols.intern(batch(names));
        const builder = new ColumnsBuilder({
          symbols,
          idOf: (reference) => ids[reference]!,
          baseMs: 1_700_000_000_000,
          hint: { series: 1, chunks: 1 },
        });
        const plain = given.map((one, i) => {
          const bytes = encode(one);
          const { start, end, whole } = seriesEntry(bytes, 0, 0);
          expect(whole).toBe(true);
          builder.add(bytes, start, end, i * 3);
          return decodeSeries(bytes, 0);
        });
        const columns = builder.finish(() => undefined, true);
        expect(columns.count).toBe(given.length);
        const { baseMs, minMs, maxMs, segment, offset } = columns.chunks;
        plain.forEach((entry, i) => {
          const labels = [...columns.labels.subarray(columns.labelStart[i], columns.labelStart[i + 1])];
          expect(labels).toEqual([...entry.labels].map((reference) => ids[reference]!));
          const rows = Array.from(
            { length: columns.chunkStart[i + 1]! - columns.chunkStart[i]! },
            (_, k) => columns.chunkStart[i]! + k,
          );
          expect(
            rows.map((row) => ({
              minTime: minMs[row]! + baseMs,
              maxTime: maxMs[row]! + baseMs,
              reference: segment[row]! * 2 ** 32 + offset[row]!,
            })),
          ).toEqual(entry.chunks);
        });
        for (const name of [0, 2, 4]) {
          const { values, start, list } = collectPostings(columns, ids[name]!);
          values.forEach((value, at) => {
            const expected = given.flatMap(({ labels }, i) =>
              labels.some((label, k) => k % 2 === 0 && label === name && ids[labels[k + 1]!] === value)
                ? [i]
                : [],
            );
            expect([...list.subarray(start[at], start[at + 1])]).toEqual(expected);
          });
        }
      }),
    );
  });

  it('take chunks of one series that overlap, whose difference wraps around', () => {
    const symbols = new SymbolDictionary();
    const builder = new ColumnsBuilder({
      symbols,
      idOf: (id) => id,
      baseMs: 0,
      hint: { series: 1, chunks: 1 },
    });
    const bytes = encode({
      labels: [],
      chunks: [
        { min: 1000, max: 9000, reference: 8 },
        { min: 5000, max: 12_000, reference: 90 },
      ],
    });
    const { start, end } = seriesEntry(bytes, 0, 0);
    builder.add(bytes, start, end, 1);
    const columns = builder.finish(() => 200, true);
    expect(columns.ordered).toBe(false);
    expect([...columns.chunks.minMs]).toEqual([1000, 5000]);
    expect([...columns.chunks.endOffset]).toEqual([90, 200]);
  });
});
