import { quantile } from '../../figures.ts';
import type { BenchQuery } from '../classes.ts';
import { ask, pathOf } from '../requests.ts';
import type { Bench, Contestants } from './scenario.ts';

/** Medians of each contestant, summed over queries; each run moves start and end. `before` compares answers first. */
export async function measure(
  { runs, say }: Bench,
  contestants: Contestants,
  queries: readonly BenchQuery[],
  endSeconds: number,
  before: (query: BenchQuery, endSeconds: number) => Promise<void>,
): Promise<{ ours: number; theirs?: number; thanos?: number }> {
  const sums = new Map<keyof Contestants, number>();
  for (const query of queries) {
    const times = new Map<keyof Contestants, number[]>();
    await before(query, endSeconds);
    for (let run = -1; run < runs; run++) {
      const path = pathOf(query, endSeconds - (run + 1) * 7);
      for (const who of ['ours', 'theirs', 'thanos'] as const) {
        const server = contestants[who];
        if (server === undefined) continue;
        const { ms } = await ask(server, path);
        if (run >= 0) times.set(who, [...(times.get(who) ?? []), ms]);
      }
    }
    const medians = [...times].map(([who, all]) => [who, quantile(all, 0.5)] as const);
    for (const [who, ms] of medians) sums.set(who, (sums.get(who) ?? 0) + ms);
    say(`${query.text}: ${medians.map(([who, ms]) => `${who} ${ms.toFixed(1)} ms`).join(', ')}`);
  }
  const [theirs, thanos] = [sums.get('theirs'), sums.get('thanos')];
  return {
    ours: sums.get('ours')!,
    ...(theirs !== undefined && { theirs }),
    ...(thanos !== undefined && { thanos }),
  };
}

/** The same query of few series: an answer that a slow way gives too. */
export function narrowed(query: BenchQuery): BenchQuery {
  return { ...query, text: query.text.replace(/(\w+)(\[5m\])/, '$1{job="svc-01"}$2') };
}
