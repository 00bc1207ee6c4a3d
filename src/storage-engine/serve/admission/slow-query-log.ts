import { limits } from '../../../base/limits.ts';
import type { Logger } from '../../../base/log.ts';
import type { QueryBudget } from '../../query/query-budget.ts';
import type { Params } from '../params.ts';

const told = ['query', 'match[]', 'time', 'start', 'end', 'step', 'timeout', 'limit'] as const;

/** Writes one line of a request that took `slowMs` or longer: who, what, how long, and what it held. No header is told. */
export function logSlowQuery(
  log: Logger,
  slowMs: number,
  request: {
    readonly handler: string;
    readonly tenant: string;
    readonly params: Params | undefined;
    readonly durationMs: number;
    readonly queuedMs: number;
    readonly status: number;
    readonly partial: boolean;
    readonly budget: QueryBudget;
  },
): void {
  const { handler, tenant, params, durationMs, queuedMs, status, partial, budget } = request;
  if (durationMs < slowMs) return;
  const asked = told.flatMap((name) => {
    const values = params?.getAll(name) ?? [];
    return values.length === 0 ? [] : [[name, values.join(' ').slice(0, limits.slowQueryTextChars)] as const];
  });
  const { series, chunks, samples } = budget.used;
  log.warn(
    {
      handler,
      tenant,
      ...Object.fromEntries(asked),
      durationMs: Math.round(durationMs),
      queuedMs: Math.round(queuedMs),
      status,
      partial,
      series,
      chunks,
      samples,
      peakBytes: budget.peakBytes,
    },
    'a slow query',
  );
}
