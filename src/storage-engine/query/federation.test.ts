import { describe, expect, it } from 'vitest';
import type { Selection } from '../block/selection.ts';
import type { WindowAnswer, WindowQuery } from '../promql/exec/window-source.ts';
import { FederatedSource } from './federation.ts';
import type { FusedWindows } from './fused/fused-windows.ts';
import type { SeriesHolder } from './source.ts';

const query: WindowQuery = {
  matchers: [{ name: '__name__', op: '=', value: 'up' }],
  function: 'lookback',
  rangeMs: 300_000,
  firstMs: 1_700_000_000_000,
  stepMs: 60_000,
  steps: 10,
};
const answer: WindowAnswer = { rows: [], samplesSeen: 0, results: 0 };
const kernels = { evaluate: async () => answer } as unknown as FusedWindows;

/** A holder of blocks whose series have chunks in parts of replicas as `parts` says: replica, and 1 for each series that has some. */
function holderOf(
  parts: readonly (readonly [replica: number, series: readonly number[]])[],
  asked: unknown[],
) {
  const selection = {
    count: parts[0]![1].length,
    replicas: [
      ['replica', 'a'],
      ['replica', 'b'],
    ],
    parts: parts.map(([replica, series]) => ({
      replica,
      chunkFrom: Uint32Array.from(series, () => 0),
      chunkTo: Uint32Array.from(series),
    })),
  } as unknown as Selection;
  const selectChunks: SeriesHolder['selectChunks'] = async (_matchers, hints, dropLabels) => {
    asked.push({ hints, dropLabels });
    return selection;
  };
  return { name: 'bucket', selectChunks } as unknown as SeriesHolder;
}

const scope = { signal: new AbortController().signal, timeoutMs: 1000, partial: () => undefined };

describe('windows of a federation', () => {
  it('with replica labels are asked without them, and further around', async () => {
    const asked: { hints: { startMs: number; endMs: number }; dropLabels: readonly string[] }[] = [];
    const holder = holderOf(
      [
        [0, [1, 1]],
        [1, [0, 1]],
      ],
      asked,
    );
    const options = { holders: [holder], replicaLabels: ['replica'], kernels };
    expect(await new FederatedSource(options, scope).windows(query)).toBe(answer);
    expect(asked[0]!.dropLabels).toEqual(['replica']);
    // What decides about a sample may lie outside of the asked time.
    expect(asked[0]!.hints.startMs).toBeLessThan(query.firstMs - query.rangeMs);
    expect(asked[0]!.hints.endMs).toBeGreaterThan(query.firstMs + 9 * query.stepMs);
  });

  it('of a selector that names a replica read it as it is stored', async () => {
    const asked: { dropLabels: readonly string[] }[] = [];
    const options = {
      holders: [
        holderOf(
          [
            [0, [1]],
            [1, [1]],
          ],
          asked,
        ),
      ],
      replicaLabels: ['replica'],
      kernels,
    };
    const matchers = [...query.matchers, { name: 'replica', op: '=', value: 'a' } as const];
    expect(await new FederatedSource(options, scope).windows({ ...query, matchers })).toBe(answer);
    expect(asked[0]!.dropLabels).toEqual([]);
  });

  it('are left to the generic evaluation where several holders have series', async () => {
    const holder = holderOf([[0, [1]]], []);
    const options = { holders: [holder, holder], replicaLabels: [], kernels };
    expect(await new FederatedSource(options, scope).windows(query)).toBeUndefined();
  });
});
