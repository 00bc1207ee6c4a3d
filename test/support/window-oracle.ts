import { staleMarkerBits } from '../../src/storage-engine/format/chunk-xor.ts';
import { queryRange } from '../../src/storage-engine/promql/exec/engine.ts';
import type { Labels } from '../../src/storage-engine/promql/exec/labels.ts';
import { type Given, sourceOf } from './window-data.ts';

/** Bits of values, all NaNs alike; undefined where there is none. */
export function bitsOf(row: Float64Array): (bigint | undefined)[] {
  const words = new BigUint64Array(row.slice().buffer);
  return [...words].map((word, i) =>
    word === staleMarkerBits ? undefined : Number.isNaN(row[i]) ? -1n : word,
  );
}

/** What the generic evaluation says of a query over series, by the id or the group of each. */
export async function generic(
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
