import { dropsName, fixedName, type HotWindow, hotWindow } from '../plan/hot-window.ts';
import type { Expr } from '../syntax/ast.ts';
import { absent, type Column, float, mergeEqualLabels } from './column.ts';
import type { EvalContext } from './context.ts';
import { tellNonCounter } from './eval-range.ts';
import { referenceTime } from './eval-selector.ts';
import { Labels, metadataLabels, metricNameLabel } from './labels.ts';
import { staleTester } from './sample-source.ts';
import type { WindowAggregate, WindowRow } from './window-source.ts';

/** Functions for which the start of a sample may count. */
const useStarts: ReadonlySet<string> = new Set(['rate', 'increase', 'irate', 'resets']);

/** Evaluates an expression by the source's own windows; undefined where it is none, or the source cannot. */
export async function evalWindows(expr: Expr, context: EvalContext): Promise<Column[] | undefined> {
  const { source, steps, options } = context;
  if (source.windows === undefined || options.delayedNameRemoval) return undefined;
  const hot = hotWindow(expr);
  if (hot === undefined || (options.startTimestamps && useStarts.has(hot.function))) return undefined;
  // Of a group only the name of its series is known.
  if (options.typeAndUnitLabels && hot.aggregate !== undefined) return undefined;
  const answer = await source.windows({
    matchers: hot.vector.matchers,
    function: hot.function,
    rangeMs: hot.rangeMs ?? options.lookbackDeltaMs,
    firstMs: referenceTime(hot.vector, steps.startMs),
    stepMs: steps.intervalMs,
    steps: steps.count,
    ...(hot.aggregate !== undefined && { aggregate: aggregateOf(hot) }),
  });
  if (answer === undefined) return undefined;
  context.budget.queryable += answer.samplesSeen;
  context.budget.take(answer.results);
  tell(hot, answer.rows, answer.results, context);
  if (hot.aggregate !== undefined) return answer.rows.map((row) => columnOf(row.labels, row, false));
  if (!dropsName(hot)) return answer.rows.map((row) => columnOf(row.labels, row, false));
  return mergeEqualLabels(answer.rows.map((row) => columnOf(row.labels.withoutMetadata(), row, true)));
}

/** Grouping as it is by the labels that the function leaves. */
function aggregateOf(hot: HotWindow): WindowAggregate {
  const { expr, operator } = hot.aggregate!;
  const dropped = dropsName(hot) ? [...metadataLabels] : [];
  const names = expr.without
    ? [...expr.grouping, metricNameLabel, ...dropped]
    : expr.grouping.filter((name) => !dropped.includes(name));
  return { operator, names, without: expr.without, dropped };
}

function columnOf(labels: Labels, { values }: WindowRow, dropName: boolean): Column {
  const kinds = new Uint8Array(values.length);
  const isMissing = staleTester(values);
  for (let step = 0; step < kinds.length; step++) kinds[step] = isMissing(step) ? absent : float;
  return { labels, dropName, kinds, floats: values, histograms: undefined };
}

/** Tells of counters by the names of the series, or by the one name of all. */
function tell(hot: HotWindow, rows: readonly WindowRow[], results: number, context: EvalContext): void {
  if ((hot.function !== 'rate' && hot.function !== 'increase') || results === 0) return;
  if (hot.aggregate === undefined) for (const { labels } of rows) tellNonCounter(hot.call!, labels, context);
  else tellNonCounter(hot.call!, Labels.from([[metricNameLabel, fixedName(hot.vector)!]]), context);
}
