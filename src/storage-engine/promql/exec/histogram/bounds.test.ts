import { expect, it } from 'vitest';
import { exponentialBound } from './bounds.ts';

it.each([
  // As a real Prometheus prints them.
  [-1, 1, 0.7071067811865475],
  [-1, 2, 0.8408964152537144],
  [-1, 3, 0.9170040432046711],
  [1, 3, 1.0905077326652577],
  [-255, 8, 0.5013556375251013],
])('bucket %i of schema %i ends where a real server ends it: %d', (index, schema, bound) => {
  expect(exponentialBound(index, schema)).toBe(bound);
});

it('boundaries rise in every schema', () => {
  for (let schema = 0; schema <= 8; schema++) {
    for (let index = -(2 ** schema); index < 2 ** schema; index++)
      expect(exponentialBound(index + 1, schema)).toBeGreaterThan(exponentialBound(index, schema));
  }
});
