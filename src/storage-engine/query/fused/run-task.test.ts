import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunked } from '../../../../test/support/xor-entries.ts';
import { staleMarkerBits } from '../../format/chunk-xor.ts';
import { Kernel } from '../../kernels/kernel.ts';
import {
  type WindowFunction,
  type WindowOperator,
  windowFunctions,
  windowOperators,
} from '../../kernels/window-functions.ts';
import { queryRange } from '../../promql/exec/engine.ts';
import { Labels } from '../../promql/exec/labels.ts';
import type { SampleSource } from '../../promql/exec/sample-source.ts';
import { runTask } from './run-task.ts';
import type { TaskPart, WindowTask } from './task.ts';

const startMs = 1_700_000_000_000;
const kernel = new Kernel();

interface Given {
  readonly labels: Labels;
  readonly timestamps: Float64Array;
  readonly valueBits: BigUint64Array;
}

const special = fc.constantFrom(
  1e16,
  -1e16,
  0.1,
  Infinity,
  -Infinity,
  Number.NaN,
  0,
  -0,
  1,
  1.7e308,
  -1.7e308,
  5e-324,
);
const walks = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('counter'), size: fc.constantFrom(0.1, 1, 1000, 1e13) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('constant'), size: special }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('gauge'), size: fc.constantFrom(0.3, 100, 1e16) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('special'), size: fc.constant(1) }) },
);
const oneSeries = fc.record({
  walk: walks,
  specials: fc.array(special, { minLength: 8, maxLength: 8 }),
  noise: fc.array(fc.nat(1000), { minLength: 97, maxLength: 97 }),
  intervalMs: fc.constantFrom(15_000, 15_000, 1000, 30_000, 61_000),
  jitterMs: fc.constantFrom(0, 0, 0, 5, 4000),
  gapEvery: fc.constantFrom(0, 0, 17, 50),
  staleEvery: fc.constantFrom(0, 0, 23, 60),
  offsetMs: fc.nat(20_000),
  count: fc.integer({ min: 1, max: 300 }),
});

function seriesOf(
  shape: typeof oneSeries extends fc.Arbitrary<infer T> ? T : never,
  id: number,
  groups: number,
): Given {
  const timestamps: number[] = [];
  const values: (number | 'stale')[] = [];
  let time = startMs + shape.offsetMs;
  let value = 0;
  for (let i = 0; i < shape.count; i++) {
    const noise = shape.noise[i % 97]!;
    time += Math.max(
      1,
      shape.intervalMs + (shape.jitterMs === 0 ? 0 : (noise % (2 * shape.jitterMs)) - shape.jitterMs),
    );
    if (shape.gapEvery > 0 && i % shape.gapEvery === 0) time += shape.intervalMs * (noise % 40);
    if (shape.walk.kind === 'counter') value = noise < 20 ? 0 : value + (noise % 7) * shape.walk.size;
    else if (shape.walk.kind === 'gauge') value += (noise - 500) * shape.walk.size;
    else if (shape.walk.kind === 'special') value = shape.specials[noise % 8]!;
    else value = shape.walk.size;
    timestamps.push(time);
    values.push(shape.staleEvery > 0 && i % shape.staleEvery === 7 ? 'stale' : value);
  }
  const floats = Float64Array.from(values, (each) => (each === 'stale' ? 0 : each));
  const valueBits = new BigUint64Array(floats.buffer);
  values.forEach((each, i) => {
    if (each === 'stale') valueBits[i] = staleMarkerBits;
  });
  const labels = Labels.from([
    ['__name__', 'm_total'],
    ['group', String(id % groups)],
    ['id', String(id).padStart(3, '0')],
  ]);
  return { labels, timestamps: Float64Array.from(timestamps), valueBits };
}

function sourceOf(all: readonly Given[]): SampleSource {
  return {
    select: async () =>
      all.map(({ labels, timestamps, valueBits }) => ({
        labels,
        timestamps,
        values: new Float64Array(valueBits.slice().buffer),
      })),
  };
}

/** Two blocks, cut at a time, with chunks of some length. */
function partsOf(all: readonly Given[], cutMs: number, samplesPerChunk: number) {
  const files: Uint8Array[] = [];
  const parts = [true, false].map((older): TaskPart => {
    const chunks = all.map(({ timestamps, valueBits }) => {
      const cut = timestamps.findIndex((time) => time >= cutMs);
      const at = cut < 0 ? timestamps.length : cut;
      const [a, b] = older ? [0, at] : [at, timestamps.length];
      return chunked(
        { timestamps: timestamps.slice(a, b), valueBits: valueBits.slice(a, b) },
        samplesPerChunk,
      );
    });
    const flat = chunks.flat();
    const ends: number[] = [];
    for (const { entry } of flat) ends.push((ends.at(-1) ?? 0) + entry.length);
    const to: number[] = [];
    for (const each of chunks) to.push((to.at(-1) ?? 0) + each.length);
    files.push(Buffer.concat(flat.map(({ entry }) => entry)));
    return {
      chunkFrom: Uint32Array.from(to, (end, i) => end - chunks[i]!.length),
      chunkTo: Uint32Array.from(to),
      baseMs: startMs,
      minMs: Float64Array.from(flat, ({ minMs }) => minMs - startMs),
      maxMs: Float64Array.from(flat, ({ maxMs }) => maxMs - startMs),
      segment: new Uint16Array(flat.length),
      offset: Uint32Array.from(ends, (end, i) => end - flat[i]!.entry.length),
      endOffset: Uint32Array.from(ends),
      verified: new Uint8Array(flat.length),
      paths: [],
    };
  });
  return { parts, files };
}

/** Bits of values, all NaNs alike; undefined where there is none. */
function bitsOf(row: Float64Array): (bigint | undefined)[] {
  const words = new BigUint64Array(row.slice().buffer);
  return [...words].map((word, i) =>
    word === staleMarkerBits ? undefined : Number.isNaN(row[i]) ? -1n : word,
  );
}

async function generic(
  all: readonly Given[],
  query: string,
  times: { firstMs: number; stepMs: number; steps: number },
  lookbackDeltaMs: number,
) {
  const { firstMs, stepMs, steps } = times;
  const endMs = firstMs + (steps - 1) * stepMs;
  const source = sourceOf(all);
  const result = await queryRange({
    query,
    source,
    startMs: firstMs,
    endMs,
    stepMs,
    options: { lookbackDeltaMs },
  });
  const value = result.value as {
    series: readonly { labels: Labels; points: readonly { timestampMs: number; value: number }[] }[];
  };
  const rows = new Map<string, (bigint | undefined)[]>();
  for (const { labels, points } of value.series) {
    const row = new Float64Array(steps);
    const bits = new BigUint64Array(row.buffer).fill(staleMarkerBits);
    for (const { timestampMs, value: found } of points) {
      bits[(timestampMs - firstMs) / stepMs] = 0n;
      row[(timestampMs - firstMs) / stepMs] = found;
    }
    rows.set(labels.get('id') === '' ? labels.get('group') : labels.get('id'), bitsOf(row));
  }
  return { rows, queryable: result.samples.queryable, peak: result.samples.peak };
}

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
});

describe('a task on the kernel', () => {
  it('gives what the generic evaluation gives, bit by bit', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        const all = given.shapes.map((shape, id) => seriesOf(shape, id, groups));
        const { parts, files } = partsOf(all, startMs + given.cutMs, given.samplesPerChunk);
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
