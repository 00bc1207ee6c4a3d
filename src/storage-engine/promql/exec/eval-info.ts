import { PromqlExecutionError } from '../plan/execution-error.ts';
import { type CallExpr, childrenOf, type Expr, type LabelMatcher, type VectorExpr } from '../syntax/ast.ts';
import { compileMatcher } from '../syntax/matcher.ts';
import { absent, type Column, ColumnBuilder, copyStep, setFloat } from './column.ts';
import { type EvalContext, stepTime } from './context.ts';
import { selectLatest } from './eval-selector.ts';
import { type Labels, metricNameLabel } from './labels.ts';

const identifyingLabels = ['instance', 'job'];
const defaultInfo: LabelMatcher = { name: metricNameLabel, op: '=', value: 'target_info' };

/** Evaluates info(): adds the labels of info metrics about the same instance and job. */
export async function evalInfo(call: CallExpr, context: EvalContext): Promise<Column[]> {
  const base = await context.evaluate(call.args[0]!, context);
  const selector = call.args[1] as VectorExpr | undefined;
  const matchers = selector?.matchers ?? [defaultInfo];
  const nameMatchers = effectiveNameMatchers(matchers.filter(({ name }) => name === metricNameLabel));
  const dataMatchers = matchers.filter(({ name }) => name !== metricNameLabel);
  const nameTests = nameMatchers.map(compileMatcher);
  // Info metrics themselves are not enriched.
  const isInfo = (column: Column) =>
    nameTests.every((matches) => matches(column.labels.get(metricNameLabel)));
  const infos = await infoColumns(
    call,
    base.filter((column) => !isInfo(column)),
    nameMatchers,
    dataMatchers,
    context,
  );
  return new InfoJoin(base, infos, isInfo, dataMatchers, context).run();
}

/** Name matchers that only exclude need one that includes. */
function effectiveNameMatchers(matchers: readonly LabelMatcher[]): readonly LabelMatcher[] {
  if (matchers.some(({ op }) => op === '=' || op === '=~')) return matchers;
  if (matchers.length === 0) return [defaultInfo];
  return [{ name: metricNameLabel, op: '=~', value: '.+_info' }, ...matchers];
}

async function infoColumns(
  call: CallExpr,
  base: readonly Column[],
  nameMatchers: readonly LabelMatcher[],
  dataMatchers: readonly LabelMatcher[],
  context: EvalContext,
): Promise<Column[]> {
  const matchers: LabelMatcher[] = [];
  for (const name of identifyingLabels) {
    const values = new Set(base.map(({ labels }) => labels.get(name)).filter((value) => value !== ''));
    if (values.size === 0) continue;
    matchers.push({ name, op: '=~', value: [...values].map(quoteMeta).join('|') });
  }
  if (matchers.length === 0) return [];
  matchers.push(...dataMatchers, ...nameMatchers);
  const { timestampMs, offsetMs } = referenceOf(call);
  const timeAt = (evalMs: number) => (timestampMs ?? evalMs) - offsetMs;
  const { steps, options } = context;
  const selected = await context.source.select(matchers, {
    startMs: timeAt(steps.startMs) - options.lookbackDeltaMs + 1,
    endMs: timeAt(stepTime(steps, steps.count - 1)),
  });
  return selectLatest(selected, timeAt, context, (series, index, column, step) => {
    if (series.histograms?.[index] !== undefined) {
      throw new PromqlExecutionError(`this should be an info metric, with float samples: ${series.labels}`);
    }
    setFloat(column, step, series.timestamps[index]!);
  });
}

function quoteMeta(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

/** The time that the first selector refers to, the subqueries around it included: info series are read at it, too. */
function referenceOf(call: CallExpr): { timestampMs: number | undefined; offsetMs: number } {
  let found: { timestampMs: number | undefined; offsetMs: number } | undefined;
  const search = (expr: Expr, timestampMs: number | undefined, offsetMs: number): void => {
    if (found !== undefined) return;
    if (expr.kind === 'vector') {
      const around = expr.timestampMs === undefined ? offsetMs : 0;
      found = { timestampMs: expr.timestampMs ?? timestampMs, offsetMs: around + expr.offsetMs };
    } else if (expr.kind === 'subquery') {
      const around = expr.timestampMs === undefined ? offsetMs : 0;
      search(expr.expr, expr.timestampMs ?? timestampMs, around + expr.offsetMs);
    } else {
      for (const child of childrenOf(expr)) search(child, timestampMs, offsetMs);
    }
  };
  search(call.args[0]!, undefined, 0);
  return found ?? { timestampMs: undefined, offsetMs: 0 };
}

class InfoJoin {
  readonly #base: readonly Column[];
  readonly #infos: readonly Column[];
  readonly #isInfo: (column: Column) => boolean;
  readonly #dataMatchers: readonly LabelMatcher[];
  readonly #context: EvalContext;

  constructor(
    base: readonly Column[],
    infos: readonly Column[],
    isInfo: (column: Column) => boolean,
    dataMatchers: readonly LabelMatcher[],
    context: EvalContext,
  ) {
    this.#base = base;
    this.#infos = infos;
    this.#isInfo = isInfo;
    this.#dataMatchers = dataMatchers;
    this.#context = context;
  }

  run(): Column[] {
    const builder = new ColumnBuilder(this.#context.steps.count);
    const signatures = this.#base.map(({ labels }) => labels.keep(identifyingLabels).key);
    for (let step = 0; step < this.#context.steps.count; step++) {
      const infos = this.#newestInfos(step);
      this.#base.forEach((column, i) => {
        if (column.kinds[step] === absent) return;
        const labels = this.#isInfo(column)
          ? column.labels
          : this.#enriched(column, infos.get(signatures[i]!));
        if (labels !== undefined) copyStep(column, builder.at(labels, step, column.dropName), step);
      });
    }
    return builder.columns;
  }

  /** The info series of a step by identifying labels, then by name: the newest of each. */
  #newestInfos(step: number): Map<string, Map<string, Column>> {
    const bySignature = new Map<string, Map<string, Column>>();
    for (const column of this.#infos) {
      if (column.kinds[step] === absent) continue;
      const signature = column.labels.keep(identifyingLabels).key;
      const name = column.labels.get(metricNameLabel);
      const byName = bySignature.get(signature) ?? new Map<string, Column>();
      bySignature.set(signature, byName);
      const present = byName.get(name);
      if (present !== undefined && present.floats[step] === column.floats[step]) {
        const [time, other] = [present.floats[step], column.floats[step]];
        throw new PromqlExecutionError(
          `found duplicate series for info metric: existing ${present.labels} @ ${time}, new ${column.labels} @ ${other}`,
        );
      }
      if (present === undefined || present.floats[step]! < column.floats[step]!) byName.set(name, column);
    }
    return bySignature;
  }

  /** The labels with those of the info series added; undefined: the series goes. */
  #enriched(column: Column, infos: ReadonlyMap<string, Column> | undefined): Labels | undefined {
    const added = new Map<string, string>();
    const wanted = new Set(this.#dataMatchers.map(({ name }) => name));
    for (const info of infos?.values() ?? []) {
      for (const [name, value] of info.labels.entries()) {
        if (name === metricNameLabel || (wanted.size > 0 && !wanted.has(name))) continue;
        const present = added.get(name);
        if (present !== undefined && present !== value)
          throw new PromqlExecutionError(`conflicting label: ${name}`);
        if (column.labels.get(name) === '') added.set(name, value);
      }
    }
    if (infos === undefined && !this.#dataMatchers.every((matcher) => compileMatcher(matcher)('')))
      return undefined;
    return column.labels.with(added);
  }
}
