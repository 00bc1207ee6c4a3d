import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oneSeries, partsOf, seriesOf, startMs } from '../../../../test/support/window-data.ts';
import { bitsOf, generic } from '../../../../test/support/window-oracle.ts';
import { xorEntry } from '../../../../test/support/xor-entries.ts';
import { encodeXor2Chunk } from '../../../../test/support/xor2-encoder.ts';
import { chunkEncoding } from '../../format/chunk.ts';
import { Kernel } from '../../kernels/kernel.ts';
import {
  type WindowFunction,
  type WindowOperator,
  windowFunctions,
  windowOperators,
} from '../../kernels/window-functions.ts';
import { runTask } from './run-task.ts';
import type { WindowTask } from './task.ts';

const kernel = new Kernel();

const functions = Object.keys(windowFunctions) as WindowFunction[];
const operators = [undefined, ...(Object.keys(windowOperators) as WindowOperator[])];
const groups = 3;
const cases = fc.record({
  shapes: fc.array(oneSeries, { minLength: 1, maxLength: 7 }),
  function: fc.constantFrom(...functions),
  operator: fc.constantFrom(...operators),
  rangeMs: fc.constantFrom(1000, 60_000, 300_000, 300_000, 3_600_000),
  stepMs: fc.constantFrom(1, 1000, 15_000, 60_000, 60_000, 300_000),
  steps: fc.integer({ min: 1, max: 60 }),
  firstMs: fc.integer({ min: -100_000, max: 3_000_000 }),
  cutMs: fc.integer({ min: 0, max: 4_000_000 }),
  samplesPerChunk: fc.constantFrom(1, 7, 120),
  encoding: fc.constantFrom('XOR', 'XOR', 'XOR2', 'XOR2 with starts'),
});

describe('a task on the kernel', () => {
  it('gives what the generic evaluation gives, bit by bit', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const all = given.shapes.map((shape, id) => seriesOf(shape, id, groups));
        const { parts, files } = partsOf(
          all,
          startMs + given.cutMs,
          given.samplesPerChunk,
          given.encoding === 'XOR'
            ? undefined
            : (samples) => xorEntry(encodeXor2Chunk(samples, given.encoding !== 'XOR2'), chunkEncoding.xor2),
        );
        const task: WindowTask = {
          function: given.function,
          ...(given.operator !== undefined && { operator: given.operator }),
          firstMs: startMs + given.firstMs,
          stepMs: given.stepMs,
          steps: given.steps,
          rangeMs: given.rangeMs,
          series: { from: 0, to: all.length, groups, groupOf: Uint32Array.from(all, (_, id) => id % groups) },
          parts,
        };
        const read = (part: number, _segment: number, offset: number, target: Uint8Array) =>
          target.set(files[part]!.subarray(offset, offset + target.length));
        const result = runTask(kernel, task, read, () => undefined)!;
        const inner =
          given.function === 'lookback' ? 'm_total' : `${given.function}(m_total[${given.rangeMs}ms])`;
        const query = given.operator === undefined ? inner : `${given.operator} by (group) (${inner})`;
        const expected = await generic(all, query, task, given.rangeMs);
        const count = given.operator === undefined ? all.length : groups;
        for (let row = 0; row < count; row++) {
          const key = given.operator === undefined ? String(row).padStart(3, '0') : String(row);
          const found = bitsOf(result.rows.subarray(row * given.steps, (row + 1) * given.steps));
          expect([key, found]).toEqual([
            key,
            expected.rows.get(key) ?? new Array(given.steps).fill(undefined),
          ]);
        }
        expect(result.samplesSeen).toBe(expected.queryable);
        expect(result.results).toBe(expected.peak);
        expect(parts.every(({ verified }) => verified.every((each) => each <= 1))).toBe(true);
      }),
      { numRuns: 400 },
    );
  }, 120_000);
});
