import { dropsName, fixedName, type HotWindow, hotWindow } from '../plan/hot-window.ts';
import { isStepInvariant } from '../plan/step-invariant.ts';
import type { AggregateExpr, Expr } from '../syntax/ast.ts';
import { absent, type Column, float, mergeEqualLabels } from './column.ts';
import type { EvalContext } from './context.ts';
import { tellNonCounter } from './eval-range.ts';
import { referenceTime } from './eval-selector.ts';
import { Labels, metadataLabels, metricNameLabel } from './labels.ts';
import { staleTester } from './sample-source.ts';
import type {
  WindowAnswer,
  WindowGrouping,
  WindowMatrix,
  WindowText,
  WindowTextQuery,
} from './window-source.ts';

/** Functions for which the start of a sample may count. */
const useStarts: ReadonlySet<string> = new Set(['rate', 'increase', 'irate', 'resets']);

/** Evaluates an expression by the source's own windows; undefined where it is none, or the source cannot. */
export async function evalWindows(expr: Expr, context: EvalContext): Promise<Column[] | undefined> {
  const hot = hotWindow(expr);
  if (hot === undefined) return undefined;
  const { aggregate } = hot;
  const grouping = aggregate && { ...groupingOf(hot, aggregate.expr), operator: aggregate.operator };
  const answer = await askWindows(hot, context, { grouping });
  return answer && columnsOf(hot, answer);
}

function columnsOf(hot: HotWindow, answer: WindowAnswer): Column[] {
  if (hot.aggregate !== undefined || !dropsName(hot))
    return answer.rows.map((row) => columnOf(row.labels, row.values, false));
  const columns = answer.rows.map((row) => columnOf(row.labels.withoutMetadata(), row.values, true));
  return fixedName(hot.vector) === undefined ? mergeEqualLabels(columns) : columns;
}

/**
 * A whole expression as text, where it is nothing but windows over series and the source writes their rows; else its columns.
 * `isVector`: a series is written with one value, not with a list.
 */
export async function evalText(
  expr: Expr,
  context: EvalContext,
  isVector: boolean,
): Promise<{ readonly text: WindowText } | { readonly columns: Column[] }> {
  const hot = hotWindow(expr);
  const { steps, options } = context;
  const isPlain =
    hot !== undefined &&
    hot.aggregate === undefined &&
    (!dropsName(hot) || fixedName(hot.vector) !== undefined) &&
    !options.typeAndUnitLabels &&
    !options.delayedNameRemoval &&
    context.source.windows !== undefined &&
    (steps.count === 1 || !isStepInvariant(expr));
  if (!isPlain) return { columns: await context.evaluate(expr, context) };
  context.checkCanceled();
  await context.pause();
  const text = { firstMs: steps.startMs, isVector, withName: !dropsName(hot) };
  const answer = await askWindows(hot, context, { text });
  if (answer?.text !== undefined) return { text: answer.text };
  if (answer !== undefined) return { columns: columnsOf(hot, answer) };
  const { source } = context;
  const generic = { select: source.select.bind(source) };
  return { columns: await context.evaluate(expr, { ...context, source: generic }) };
}

/** Rows that an aggregation selects from. */
export interface SelectableRows extends WindowMatrix {
  readonly dropName: boolean;
}

/** What an aggregation that keeps some of its series selects from; undefined as with `evalWindows`. */
export async function selectableRows(
  expr: AggregateExpr,
  context: EvalContext,
): Promise<SelectableRows | undefined> {
  const hot = hotWindow(expr.expr);
  if (hot === undefined || hot.aggregate !== undefined) return undefined;
  if (dropsName(hot) && fixedName(hot.vector) === undefined) return undefined;
  const answer = await askWindows(hot, context, { grouping: groupingOf(hot, expr) });
  if (answer?.matrix === undefined) return undefined;
  const { matrix } = answer;
  const dropName = dropsName(hot);
  const labelsOf = (row: number) =>
    dropName ? matrix.labelsOf(row).withoutMetadata() : matrix.labelsOf(row);
  return { ...matrix, labelsOf, dropName };
}

async function askWindows(
  hot: HotWindow,
  context: EvalContext,
  { grouping, text }: { grouping?: WindowGrouping | undefined; text?: WindowTextQuery },
): Promise<WindowAnswer | undefined> {
  const { source, steps, options } = context;
  if (source.windows === undefined || options.delayedNameRemoval) return undefined;
  if (options.startTimestamps && useStarts.has(hot.function)) return undefined;
  // Of a group only the name of its series is known.
  if (options.typeAndUnitLabels && grouping !== undefined) return undefined;
  const answer = await source.windows({
    matchers: hot.vector.matchers,
    function: hot.function,
    rangeMs: hot.rangeMs ?? options.lookbackDeltaMs,
    firstMs: referenceTime(hot.vector, steps.startMs),
    stepMs: steps.intervalMs,
    steps: steps.count,
    ...(dropsName(hot) && fixedName(hot.vector) !== undefined && { distinctWithout: [...metadataLabels] }),
    ...(grouping !== undefined && { grouping }),
    ...(text !== undefined && { text }),
  });
  if (answer === undefined) return undefined;
  context.budget.queryable += answer.samplesSeen;
  context.budget.take(answer.results);
  tell(hot, answer, context);
  return answer;
}

/** Grouping as it is by the labels that the function leaves. */
function groupingOf(hot: HotWindow, { grouping, without }: AggregateExpr): WindowGrouping {
  const dropped = dropsName(hot) ? [...metadataLabels] : [];
  const names = without
    ? [...grouping, metricNameLabel, ...dropped]
    : grouping.filter((name) => !dropped.includes(name));
  return { names, without };
}

function columnOf(labels: Labels, values: Float64Array, dropName: boolean): Column {
  const kinds = new Uint8Array(values.length);
  const isMissing = staleTester(values);
  for (let step = 0; step < kinds.length; step++) kinds[step] = isMissing(step) ? absent : float;
  return { labels, dropName, kinds, floats: values, histograms: undefined };
}

/** Tells of counters by the one name of all series, or by the name of each. */
function tell(hot: HotWindow, { rows, results }: WindowAnswer, context: EvalContext): void {
  if ((hot.function !== 'rate' && hot.function !== 'increase') || results === 0) return;
  const name = fixedName(hot.vector);
  if (name !== undefined && !context.options.typeAndUnitLabels)
    tellNonCounter(hot.call!, Labels.from([[metricNameLabel, name]]), context);
  else for (const { labels } of rows) tellNonCounter(hot.call!, labels, context);
}
