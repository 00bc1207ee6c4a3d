import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Given, oneSeries, partsOf, seriesOf, startMs } from '../../../../test/support/window-data.ts';
import { bitsOf, generic } from '../../../../test/support/window-oracle.ts';
import { Kernel } from '../../kernels/kernel.ts';
import { type WindowFunction, windowFunctions } from '../../kernels/window-functions.ts';
import { dedupMarginMs, dedupReplicas } from '../../samples/dedup.ts';
import { mergeColumns, type SampleColumns } from '../../samples/sample-columns.ts';
import { runTask } from './run-task.ts';
import type { TaskPart, WindowTask } from './task.ts';

const kernel = new Kernel();
type Shape = typeof oneSeries extends fc.Arbitrary<infer T> ? T : never;

/** Samples of a series with some of them in both of two parts, some with another value there. */
function split({ timestamps, valueBits, labels }: Given, noise: readonly number[]): Given[] {
  const sides = [0, 1].map(() => ({ times: [] as number[], bits: [] as bigint[] }));
  timestamps.forEach((time, i) => {
    const chance = noise[i % noise.length]!;
    const bits = valueBits[i]!;
    if (chance % 3 !== 0) {
      sides[0]!.times.push(time);
      sides[0]!.bits.push(bits);
    }
    if (chance % 3 !== 1) {
      sides[1]!.times.push(time);
      sides[1]!.bits.push(chance % 5 === 0 ? bits ^ 1n : bits);
    }
  });
  return sides.map(({ times, bits }) => ({
    labels,
    timestamps: Float64Array.from(times),
    valueBits: BigUint64Array.from(bits),
  }));
}

const columnsOf = ({ timestamps, valueBits }: Given): SampleColumns => ({
  timestamps,
  values: new Float64Array(valueBits.slice().buffer),
});

/** Replicas of some series: parts with the files of them, and what is chosen of each series. */
function replicated(given: {
  readonly shapes: readonly Shape[];
  readonly others: readonly { readonly shape: Shape; readonly alike: boolean; readonly shiftMs: number }[];
  readonly overlaps: boolean;
  readonly cutMs: number;
}) {
  const shapesOf = [
    given.shapes,
    ...given.others.map(({ shape, alike, shiftMs }) =>
      given.shapes.map((own) => ({
        ...(alike ? { ...own, noise: shape.noise } : shape),
        offsetMs: own.offsetMs + shiftMs,
      })),
    ),
  ];
  const parts: TaskPart[] = [];
  const files: Uint8Array[] = [];
  const stored: SampleColumns[][] = given.shapes.map(() => []);
  shapesOf.forEach((shapes, replica) => {
    const all = shapes.map((shape, id) => seriesOf(shape, id, 3));
    const sides = given.overlaps
      ? all.map((each, id) => split(each, shapes[id]!.noise))
      : all.map((each) => [each]);
    sides[0]!.forEach((_, side) => {
      const made = partsOf(
        sides.map((each) => each[side]!),
        startMs + given.cutMs,
        7 + 50 * replica,
      );
      parts.push(...made.parts.map((part) => ({ ...part, replica })));
      files.push(...made.files);
    });
    sides.forEach((each, id) => {
      stored[id]!.push(mergeColumns(each.map(columnsOf)));
    });
  });
  const chosen = stored.map((columns, id): Given => {
    const { timestamps, values } = dedupReplicas(columns);
    return {
      labels: seriesOf(given.shapes[id]!, id, 3).labels,
      timestamps,
      valueBits: new BigUint64Array(values.slice().buffer),
    };
  });
  return { parts, files, chosen };
}

const cases = fc.record({
  shapes: fc.array(oneSeries, { minLength: 1, maxLength: 4 }),
  others: fc.array(
    fc.record({ shape: oneSeries, alike: fc.boolean(), shiftMs: fc.constantFrom(0, 0, 7000, 1, 400_000) }),
    { minLength: 0, maxLength: 2 },
  ),
  overlaps: fc.boolean(),
  function: fc.constantFrom(...(Object.keys(windowFunctions) as WindowFunction[])),
  operator: fc.constantFrom(undefined, 'sum' as const),
  rangeMs: fc.constantFrom(1000, 60_000, 300_000),
  stepMs: fc.constantFrom(1000, 15_000, 60_000),
  steps: fc.integer({ min: 1, max: 40 }),
  firstMs: fc.integer({ min: -100_000, max: 4_500_000 }),
  cutMs: fc.integer({ min: 0, max: 4_000_000 }),
});

describe('a task over replicas and overlapping parts', () => {
  it('gives what the generic evaluation gives of the chosen samples, wherever it is cut, bit by bit', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const { parts, files, chosen } = replicated(given);
        const task: WindowTask = {
          function: given.function,
          ...(given.operator !== undefined && { operator: given.operator }),
          firstMs: startMs + given.firstMs,
          stepMs: given.stepMs,
          steps: given.steps,
          rangeMs: given.rangeMs,
          series: {
            from: 0,
            to: chosen.length,
            groups: 3,
            groupOf: Uint32Array.from(chosen, (_, id) => id % 3),
          },
          parts,
          mergeMarginMs: dedupMarginMs(given.others.length + 1),
        };
        const read = (part: number, _segment: number, offset: number, target: Uint8Array) =>
          target.set(files[part]!.subarray(offset, offset + target.length));
        const result = runTask(kernel, task, read, () => undefined)!;
        expect(result).toBeDefined();
        const inner =
          given.function === 'lookback' ? 'm_total' : `${given.function}(m_total[${given.rangeMs}ms])`;
        const query = given.operator === undefined ? inner : `${given.operator} by (group) (${inner})`;
        const expected = await generic(chosen, query, task, given.rangeMs);
        const count = given.operator === undefined ? chosen.length : 3;
        for (let row = 0; row < count; row++) {
          const key = given.operator === undefined ? String(row).padStart(3, '0') : String(row);
          const found = bitsOf(result.rows.subarray(row * given.steps, (row + 1) * given.steps));
          expect([key, found]).toEqual([
            key,
            expected.rows.get(key) ?? new Array(given.steps).fill(undefined),
          ]);
        }
        expect(result.samplesSeen).toBe(expected.queryable);
      }),
      { numRuns: 400 },
    );
  }, 120_000);
});
