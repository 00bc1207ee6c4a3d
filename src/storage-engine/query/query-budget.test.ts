import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryPool, QueryBudget, type QueryLimits } from './query-budget.ts';

const open: QueryLimits = {
  maxSeries: 1e9,
  maxChunks: 1e9,
  maxSamples: 1e9,
  maxSelectedSamples: 1e9,
  maxBytes: 1e9,
};

describe('the budget of a query', () => {
  it.each([
    ['maxSeries', 'series', 'series'],
    ['maxChunks', 'chunks', 'chunks'],
    ['maxSelectedSamples', 'samples', 'samples'],
    ['maxBytes', 'bytes', 'bytes of memory'],
  ] as const)('%s is held to the last one', (limit, member, name) => {
    const budget = new QueryBudget({ ...open, [limit]: 10 }, new MemoryPool(1000));
    budget.take({ [member]: 10 });
    expect(() => budget.take({ [member]: 1 })).toThrow(
      `the query would hold 11 ${name}, more than the 10 it may`,
    );
    budget.correct({ [member]: 10 }, { [member]: 4 });
    budget.take({ [member]: 6 });
    expect(budget.used[member]).toBe(10);
  });

  it('fails the query that would exceed the shared memory, and the others go on', () => {
    const pool = new MemoryPool(100);
    const [small, large] = [new QueryBudget(open, pool), new QueryBudget(open, pool)];
    small.take({ bytes: 30 });
    large.take({ bytes: 60 });
    expect(() => large.take({ bytes: 20 })).toThrow('all queries together hold 90 of the 100 bytes');
    small.take({ bytes: 10 });
    large.release();
    small.take({ bytes: 60 });
    expect(pool.heldBytes).toBe(100);
  });

  it('never lets more be held than the pool has, and gives all back in the end', () => {
    const step = fc.record({
      query: fc.nat(4),
      kind: fc.constantFrom('take', 'correct', 'release'),
      bytes: fc.nat(60),
      actual: fc.nat(60),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const pool = new MemoryPool(100);
        const queries = Array.from({ length: 5 }, () => new QueryBudget({ ...open, maxBytes: 80 }, pool));
        for (const { query, kind, bytes, actual } of steps) {
          const budget = queries[query]!;
          try {
            if (kind === 'release') {
              budget.release();
              queries[query] = new QueryBudget({ ...open, maxBytes: 80 }, pool);
            } else {
              budget.take({ bytes });
              if (kind === 'correct') budget.correct({ bytes }, { bytes: actual });
            }
          } catch (error) {
            expect(String(error)).toMatch(/the query (would hold|needs)/);
          }
          expect(pool.heldBytes).toBeLessThanOrEqual(100);
          expect(pool.heldBytes).toBe(queries.reduce((sum, one) => sum + one.used.bytes, 0));
        }
        for (const budget of queries) budget.release();
        expect(pool.heldBytes).toBe(0);
      }),
    );
  });
});
