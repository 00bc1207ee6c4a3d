import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlockMeta } from '../../format/block-meta.ts';
import type { Block } from '../block.ts';
import { ColumnsBuilder } from '../index/index-columns.ts';
import { SymbolDictionary } from '../index/symbol-dictionary.ts';
import { type BlockAnswer, MergedSeries } from './merged-series.ts';
import { narrow } from './narrow.ts';

type Pairs = readonly (readonly [string, string])[];

/** A block of series, each with one chunk that starts at its number. */
function answer(
  symbols: SymbolDictionary,
  number: number,
  all: readonly Pairs[],
  external: Pairs,
): BlockAnswer {
  const builder = new ColumnsBuilder({
    symbols,
    idOf: (id) => id,
    baseMs: 0,
    hint: { series: all.length, chunks: all.length },
  });
  all.forEach((pairs, i) => {
    const ids = pairs.flat().map((text) => symbols.internText(text));
    const bytes = Uint8Array.from([pairs.length, ...ids, 1, ((number * 10 + i) * 2) & 0x7f, 5, 8 + i]);
    builder.add(bytes, 0, bytes.length, i);
  });
  const columns = builder.finish(() => undefined, true);
  const meta = { ulid: `B${number}`, minTime: number * 1000, maxTime: (number + 1) * 1000 } as BlockMeta;
  const block = { meta, symbols, hasTombstones: false, files: undefined } as unknown as Block;
  const series = new Uint32Array(columns.count).map((_, i) => i);
  return { block, selected: { columns, series, owned: false }, external };
}

const value = fc.constantFrom('x', 'y', 'é');
const labelSet = fc
  .subarray(['__name__', 'a', 'm', 'replica', 'z'])
  .chain((names) =>
    fc.tuple(...names.map(() => value)).map((values) => names.map((name, i) => [name, values[i]!] as const)),
  );
const external = fc.constantFrom<Pairs>(
  [],
  [['m', 'ext']],
  [
    ['cluster', 'c'],
    ['replica', 'r1'],
  ],
  [['replica', 'r2']],
);
const blocks = fc.array(fc.record({ all: fc.array(labelSet, { maxLength: 8 }), external }), { maxLength: 4 });

const compareText = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

function final(pairs: Pairs, ext: Pairs, drop: readonly string[]) {
  const map = new Map([...pairs, ...ext]);
  const [kept, dropped] = [true, false].map((keep) =>
    [...map]
      .filter(([name]) => drop.includes(name) !== keep)
      .sort(([a], [b]) => compareText(a, b))
      .flat(),
  );
  return { kept: kept!, dropped: dropped! };
}

describe('series of several blocks', () => {
  it('come in label order, each once, with every chunk under its replica', () => {
    fc.assert(
      fc.property(blocks, fc.constantFrom([], ['replica'], ['replica', 'm']), (given, drop) => {
        const symbols = new SymbolDictionary();
        const answers = given.map(({ all, external: ext }, i) => answer(symbols, i, all, ext));
        const merged = new MergedSeries(symbols, answers, drop);
        const selection = narrow(merged, 0, 1_000_000);

        const expected = given.flatMap(({ all, external: ext }, block) =>
          all.map((pairs, i) => ({
            ...final(pairs, ext, drop),
            chunk: `B${block} ${(block * 10 + i) & 0x3f}`,
          })),
        );
        const kept = [...new Map(expected.map((one) => [JSON.stringify(one.kept), one.kept])).values()];
        const ids = Array.from({ length: selection.count }, (_, id) => id);
        const found = ids.map((id) => [...selection.pairs(id)]);
        expect(new Set(found.map((pairs) => JSON.stringify(pairs)))).toEqual(
          new Set(kept.map((pairs) => JSON.stringify(pairs))),
        );
        expect(found.length).toBe(kept.length);
        for (let id = 1; id < found.length; id++)
          expect(compareSets(found[id - 1]!, found[id]!)).toBeLessThan(0);

        const chunks = ids.flatMap((id) =>
          selection.parts.flatMap((part) =>
            Array.from({ length: part.chunkTo[id]! - part.chunkFrom[id]! }, (_, k) =>
              JSON.stringify([
                found[id],
                selection.replicas[part.replica],
                `${part.ulid} ${part.chunks.minMs[part.chunkFrom[id]! + k]}`,
              ]),
            ),
          ),
        );
        expect(chunks.sort()).toEqual(
          expected.map(({ kept: labels, dropped, chunk }) => JSON.stringify([labels, dropped, chunk])).sort(),
        );
        expect(selection.chunkCount).toBe(expected.length);

        for (const without of [false, true]) {
          const { groups, groupOf } = selection.groupBy(['a', 'm', 'unknown'], without);
          expect([...groupOf].map((group) => groups[group])).toEqual(
            found.map((pairs) =>
              pairs.flatMap((text, i) =>
                i % 2 === 0 && ['a', 'm'].includes(text) !== without ? [text, pairs[i + 1]!] : [],
              ),
            ),
          );
          expect(new Set(groups.map((group) => JSON.stringify(group))).size).toBe(groups.length);
        }
        const json = ids.map((id) => JSON.parse(new TextDecoder().decode(selection.json(id))) as object);
        expect(json.map((labels) => Object.entries(labels).flat())).toEqual(found);
        expect(selection.labelValues('m')).toEqual(
          [
            ...new Set(found.flatMap((pairs) => pairs.filter((_, i) => pairs[i - 1] === 'm' && i % 2 === 1))),
          ].sort(compareText),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('leave out chunks before and after the asked time', () => {
    const symbols = new SymbolDictionary();
    const given = answer(symbols, 0, [[['a', 'x']], [['a', 'y']], [['a', 'z']]], []);
    const merged = new MergedSeries(symbols, [given], []);
    // Chunks are [0, 5], [1, 6] and [2, 7].
    const chunksIn = (start: number, end: number) => narrow(merged, start, end).chunkCount;
    expect(chunksIn(0, 2000)).toBe(3);
    expect(chunksIn(6, 100)).toBe(2);
    expect(chunksIn(7, 7)).toBe(1);
    expect(chunksIn(-5, 0)).toBe(1);
    expect(chunksIn(8, 100)).toBe(0);
  });
});

function compareSets(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareText(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
