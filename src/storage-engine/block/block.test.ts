import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { intersect, subtract, unite } from './index/postings-sets.ts';
import { coalesce } from './range-source.ts';

const list = fc.uniqueArray(fc.nat(400), { maxLength: 120 }).map((values) => Uint32Array.from(values).sort());

describe('sets of series references', () => {
  it('intersect, subtract and unite as sets do, and stay ascending', () => {
    fc.assert(
      fc.property(list, list, list, (a, b, c) => {
        const [x, y, z] = [new Set(a), new Set(b), new Set(c)];
        expect([...intersect(a, b)]).toEqual([...a].filter((value) => y.has(value)));
        expect([...subtract(a, b)]).toEqual([...a].filter((value) => !y.has(value)));
        expect([...unite([a, b, c])]).toEqual([...x.union(y).union(z)].sort((p, q) => p - q));
      }),
    );
  });
});

describe('coalesce', () => {
  it('covers every range in order, never exceeds the limits by joining, and joins what is near', () => {
    const range = fc.record({ gap: fc.nat(60), length: fc.integer({ min: 1, max: 50 }) });
    fc.assert(
      fc.property(fc.array(range, { maxLength: 40 }), (ranges) => {
        const starts: number[] = [];
        const ends: number[] = [];
        let at = 0;
        for (const { gap, length } of ranges) {
          starts.push(at + gap);
          ends.push(at + gap + length);
          at += gap + Math.floor(length / 2);
        }
        const reads = coalesce(starts, ends, { maxGapBytes: 20, maxReadBytes: 200 });
        expect(
          reads.flatMap((read) => Array.from({ length: read.last - read.first }, (_, i) => read.first + i)),
        ).toEqual(starts.map((_, i) => i));
        for (const read of reads) {
          expect(read.end - read.offset).toBeLessThanOrEqual(200);
          for (let i = read.first; i < read.last; i++)
            expect(starts[i]! >= read.offset && ends[i]! <= read.end).toBe(true);
        }
      }),
    );
    expect(coalesce([0, 10, 1000], [10, 20, 1010])).toHaveLength(1);
    expect(coalesce([0, 10 ** 6], [10, 10 ** 6 + 10])).toHaveLength(2);
    expect(coalesce([], [])).toEqual([]);
  });
});
