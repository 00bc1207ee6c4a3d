import { PromqlExecutionError } from '../plan/execution-error.ts';
import { type BinaryExpr, typeOf, type VectorMatching } from '../syntax/ast.ts';
import type { Annotation } from './annotations.ts';
import {
  type BinaryResult,
  changesMetric,
  compareFloats,
  computeFloats,
  computeValues,
  isComparison,
  type Value,
} from './binary-value.ts';
import {
  absent,
  type Column,
  ColumnBuilder,
  copyStep,
  float,
  histogramAt,
  mergeEqualLabels,
  newColumn,
  scalarColumn,
  setFloat,
  setHistogram,
} from './column.ts';
import type { EvalContext } from './context.ts';
import { derivedLabels } from './functions/simple.ts';
import { type Labels, metricNameLabel } from './labels.ts';

/** Evaluates both sides and applies the operator. */
export async function evalBinary(expr: BinaryExpr, context: EvalContext): Promise<Column[]> {
  const left = await context.evaluate(expr.left, context);
  const right = await context.evaluate(expr.right, context);
  const types = [typeOf(expr.left), typeOf(expr.right)];
  if (types[0] === 'scalar' && types[1] === 'scalar') {
    return [
      scalarColumn(context.steps.count, (step) =>
        scalarValue(expr, left[0]!.floats[step]!, right[0]!.floats[step]!),
      ),
    ];
  }
  if (types[1] === 'scalar') return vectorAndScalar(expr, left, right[0]!, false, context);
  if (types[0] === 'scalar') return vectorAndScalar(expr, right, left[0]!, true, context);
  const matching = expr.matching!;
  const matcher = new SignatureMatcher(matching, left, right);
  if (expr.op === 'and' || expr.op === 'or' || expr.op === 'unless')
    return setOperation(expr.op, left, right, matcher, context);
  return new VectorOperation(expr, matching, left, right, matcher, context).run();
}

function scalarValue({ op }: BinaryExpr, a: number, b: number): number {
  if (isComparison(op)) return compareFloats(op, a, b) ? 1 : 0;
  const value = computeFloats(op, a, b);
  if (value === undefined)
    throw new PromqlExecutionError(`operator "${op}" not allowed for Scalar operations`);
  return value;
}

function valueAt(column: Column, step: number): Value {
  return column.kinds[step] === float ? column.floats[step]! : histogramAt(column, step);
}

function isResult(result: BinaryResult | Annotation): result is BinaryResult {
  return 'keep' in result;
}

function vectorAndScalar(
  expr: BinaryExpr,
  vector: readonly Column[],
  scalar: Column,
  scalarIsLeft: boolean,
  context: EvalContext,
): Column[] {
  const { op, returnBool, span } = expr;
  const dropName = changesMetric(op) || returnBool;
  const columns = vector.map((column) => {
    const labels = dropName ? derivedLabels(column, context) : column.labels;
    const result = newColumn(labels, context.steps.count, dropName || column.dropName);
    for (let step = 0; step < context.steps.count; step++) {
      if (column.kinds[step] === absent) continue;
      const own = valueAt(column, step);
      const other = scalar.floats[step]!;
      const outcome = scalarIsLeft
        ? computeValues(op, other, own, span)
        : computeValues(op, own, other, span);
      if (!isResult(outcome)) {
        context.annotations.add(outcome);
        continue;
      }
      if (returnBool) setFloat(result, step, outcome.keep ? 1 : 0);
      else if (outcome.keep) {
        // A comparison keeps the vector's value on whichever side it stands.
        const value = isComparison(op) ? own : outcome.value;
        if (typeof value === 'number') setFloat(result, step, value);
        else setHistogram(result, step, value);
      }
    }
    return result;
  });
  return mergeEqualLabels(columns);
}

/** Numbers the groups of series that match each other: by `on` or without `ignoring`. */
class SignatureMatcher {
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly count: number;
  readonly #matching: VectorMatching;

  constructor(matching: VectorMatching, left: readonly Column[], right: readonly Column[]) {
    this.#matching = matching;
    const ordinals = new Map<string, number>();
    const ordinalOf = (column: Column) => {
      const { key } = this.matchLabels(column.labels);
      let ordinal = ordinals.get(key);
      if (ordinal === undefined) {
        ordinal = ordinals.size;
        ordinals.set(key, ordinal);
      }
      return ordinal;
    };
    this.left = Int32Array.from(left, ordinalOf);
    this.right = Int32Array.from(right, ordinalOf);
    this.count = ordinals.size;
  }

  /** The labels that must be equal. */
  matchLabels(labels: Labels): Labels {
    const { on, labels: names } = this.#matching;
    return on ? labels.keep(names) : labels.without([metricNameLabel, ...names]);
  }
}

function setOperation(
  op: 'and' | 'or' | 'unless',
  left: readonly Column[],
  right: readonly Column[],
  signatures: SignatureMatcher,
  context: EvalContext,
): Column[] {
  const builder = new ColumnBuilder(context.steps.count);
  const present = new Uint8Array(signatures.count);
  const copy = (column: Column, step: number) =>
    copyStep(column, builder.at(column.labels, step, column.dropName), step);
  for (let step = 0; step < context.steps.count; step++) {
    present.fill(0);
    const [marking, ordinals] = op === 'or' ? [left, signatures.left] : [right, signatures.right];
    marking.forEach((column, i) => {
      if (column.kinds[step] !== absent) present[ordinals[i]!] = 1;
    });
    left.forEach((column, i) => {
      if (column.kinds[step] === absent) return;
      const matched = present[signatures.left[i]!] === 1;
      if (op === 'or' || matched === (op === 'and')) copy(column, step);
    });
    if (op !== 'or') continue;
    right.forEach((column, i) => {
      if (column.kinds[step] !== absent && present[signatures.right[i]!] === 0) copy(column, step);
    });
  }
  return builder.columns;
}

/** A side of a match: a series, or labels with a fill value. */
interface Operand {
  readonly labels: Labels;
  readonly value: Value;
}

/** Arithmetic or comparison between two vectors, one-to-one or many-to-one. */
class VectorOperation {
  readonly #expr: BinaryExpr;
  readonly #matching: VectorMatching;
  readonly #signatures: SignatureMatcher;
  readonly #context: EvalContext;
  readonly #builder: ColumnBuilder;
  readonly #resultLabels = new Map<Labels, Map<Labels, Labels>>();
  /** The side that may hold many, and the other. */
  readonly #many: readonly Column[];
  readonly #one: readonly Column[];
  readonly #manyOrdinals: Int32Array;
  readonly #oneOrdinals: Int32Array;
  readonly #isSwapped: boolean;

  constructor(
    expr: BinaryExpr,
    matching: VectorMatching,
    left: readonly Column[],
    right: readonly Column[],
    signatures: SignatureMatcher,
    context: EvalContext,
  ) {
    this.#expr = expr;
    this.#matching = matching;
    this.#signatures = signatures;
    this.#context = context;
    this.#builder = new ColumnBuilder(context.steps.count);
    this.#isSwapped = matching.cardinality === 'one-to-many';
    const sides = [
      { columns: left, ordinals: signatures.left },
      { columns: right, ordinals: signatures.right },
    ] as const;
    const [many, one] = this.#isSwapped ? [sides[1], sides[0]] : sides;
    this.#many = many.columns;
    this.#manyOrdinals = many.ordinals;
    this.#one = one.columns;
    this.#oneOrdinals = one.ordinals;
  }

  run(): Column[] {
    for (let step = 0; step < this.#context.steps.count; step++) this.#step(step);
    return this.#builder.columns;
  }

  #step(step: number): void {
    const { fillLeft, fillRight } = this.#matching;
    const has = (columns: readonly Column[]) => columns.some((column) => column.kinds[step] !== absent);
    const fills = fillLeft !== undefined || fillRight !== undefined;
    // With one side empty there is nothing to match, not even duplicates to complain of.
    if (!fills && !(has(this.#many) && has(this.#one))) return;
    const ones = this.#onesBySignature(step);
    const matched = new Array<Set<string> | undefined>(this.#signatures.count);
    let lastNote: Annotation | undefined;
    const apply = (many: Operand, one: Operand, ordinal: number) => {
      const note = this.#apply(step, many, one, ordinal, matched);
      if (note !== undefined) lastNote = note;
    };
    // Fill values belong to the sides as they stand around the operator after a swap, as in Prometheus.
    this.#many.forEach((column, i) => {
      if (column.kinds[step] === absent) return;
      const ordinal = this.#manyOrdinals[i]!;
      const many = { labels: column.labels, value: valueAt(column, step) };
      const one = ones[ordinal];
      if (one !== undefined) apply(many, { labels: one.labels, value: valueAt(one, step) }, ordinal);
      else if (fillRight !== undefined) {
        apply(many, { labels: this.#signatures.matchLabels(column.labels), value: fillRight }, ordinal);
      }
    });
    if (fillLeft !== undefined) {
      this.#one.forEach((column, i) => {
        const ordinal = this.#oneOrdinals[i]!;
        if (column.kinds[step] === absent || matched[ordinal] !== undefined) return;
        const many = { labels: this.#signatures.matchLabels(column.labels), value: fillLeft };
        apply(many, { labels: column.labels, value: valueAt(column, step) }, ordinal);
      });
    }
    if (lastNote !== undefined) this.#context.annotations.add(lastNote);
  }

  #onesBySignature(step: number): (Column | undefined)[] {
    const ones = new Array<Column | undefined>(this.#signatures.count);
    this.#one.forEach((column, i) => {
      if (column.kinds[step] === absent) return;
      const ordinal = this.#oneOrdinals[i]!;
      const present = ones[ordinal];
      if (present !== undefined) {
        const group = this.#signatures.matchLabels(column.labels);
        const [first, second] = [column, present].sort((a, b) => a.labels.compare(b.labels));
        const side = this.#isSwapped ? 'left' : 'right';
        throw new PromqlExecutionError(
          `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: [${first!.labels}, ${second!.labels}];many-to-many matching not allowed: matching labels must be unique on one side`,
        );
      }
      ones[ordinal] = column;
    });
    return ones;
  }

  /** Writes one result; returns what is to be said about it. */
  #apply(
    step: number,
    many: Operand,
    one: Operand,
    ordinal: number,
    matched: (Set<string> | undefined)[],
  ): Annotation | undefined {
    const { op, returnBool, span } = this.#expr;
    const [left, right] = this.#isSwapped ? [one.value, many.value] : [many.value, one.value];
    const outcome = computeValues(op, left, right, span);
    if (!isResult(outcome)) return outcome;
    // A warning stands in for the result here, other than between a vector and a scalar.
    if (outcome.note?.level === 'warning') return outcome.note;
    const labels = this.#labelsOf(many.labels, one.labels);
    this.#claim(labels, ordinal, matched);
    if (!outcome.keep && !returnBool) return outcome.note;
    const column = this.#builder.at(labels, step, returnBool);
    if (returnBool) setFloat(column, step, outcome.keep ? 1 : 0);
    else if (typeof outcome.value === 'number') setFloat(column, step, outcome.value);
    else setHistogram(column, step, outcome.value);
    return outcome.note;
  }

  #claim(labels: Labels, ordinal: number, matched: (Set<string> | undefined)[]): void {
    const claimed = matched[ordinal];
    if (claimed === undefined) {
      matched[ordinal] = new Set([labels.key]);
      return;
    }
    if (this.#matching.cardinality === 'one-to-one') {
      throw new PromqlExecutionError(
        'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
      );
    }
    if (claimed.has(labels.key)) {
      throw new PromqlExecutionError(
        'multiple matches for labels: grouping labels must ensure unique matches',
      );
    }
    claimed.add(labels.key);
  }

  #labelsOf(many: Labels, one: Labels): Labels {
    let byOne = this.#resultLabels.get(many);
    if (byOne === undefined) {
      byOne = new Map();
      this.#resultLabels.set(many, byOne);
    }
    let labels = byOne.get(one);
    if (labels === undefined) {
      labels = this.#computeLabels(many, one);
      byOne.set(one, labels);
    }
    return labels;
  }

  #computeLabels(many: Labels, one: Labels): Labels {
    const { op, returnBool } = this.#expr;
    const { cardinality, on, labels: names, include } = this.#matching;
    const dropsName = (returnBool && !this.#context.options.delayedNameRemoval) || changesMetric(op);
    let labels = dropsName ? many.withoutMetadata() : many;
    if (cardinality === 'one-to-one') labels = on ? labels.keep(names) : labels.without(names);
    return include.length === 0 ? labels : labels.with(include.map((name) => [name, one.get(name)] as const));
  }
}
