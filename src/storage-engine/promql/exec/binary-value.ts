import type { BinaryOperator } from '../syntax/ast.ts';
import type { Span } from '../syntax/position.ts';
import { type Annotation, annotate } from './annotations.ts';
import { addHistogram, IncompatibleSchemaError } from './histogram/arithmetic.ts';
import {
  compactHistogram,
  copyHistogram,
  divideHistogram,
  type FloatHistogram,
  histogramsEqual,
  scaleHistogram,
} from './histogram/float-histogram.ts';
import { trimHistogram } from './histogram/trim.ts';
import { goMath } from './math/go-math.ts';

export type Value = number | FloatHistogram;

/** The result of an operator on two values. */
export interface BinaryResult {
  readonly value: Value;
  /** Whether a comparison holds; true for arithmetic. */
  readonly keep: boolean;
  /** Said beside the result. */
  readonly note?: Annotation;
}

const comparisons: ReadonlySet<string> = new Set(['==', '!=', '>', '<', '>=', '<=']);

export function isComparison(op: BinaryOperator): boolean {
  return comparisons.has(op);
}

/** Whether the result is another metric, so that the name goes. */
export function changesMetric(op: BinaryOperator): boolean {
  return ['+', '-', '*', '/', '%', '^', 'atan2'].includes(op);
}

export function compareFloats(op: BinaryOperator, a: number, b: number): boolean {
  switch (op) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '>':
      return a > b;
    case '<':
      return a < b;
    case '>=':
      return a >= b;
    default:
      return a <= b;
  }
}

/** Arithmetic on floats; undefined for operators that floats do not have. */
export function computeFloats(op: BinaryOperator, a: number, b: number): number | undefined {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '^':
      return goMath.pow(a, b);
    case 'atan2':
      return goMath.atan2(a, b);
    default:
      return undefined;
  }
}

/** Applies an operator; an annotation alone where the types do not fit. */
export function computeValues(
  op: BinaryOperator,
  left: Value,
  right: Value,
  span: Span,
): BinaryResult | Annotation {
  if (typeof left === 'number' && typeof right === 'number') {
    if (isComparison(op)) return { value: left, keep: compareFloats(op, left, right) };
    const value = computeFloats(op, left, right);
    return value === undefined
      ? annotate.incompatibleTypes('float', op, 'float', span)
      : { value, keep: true };
  }
  if (typeof left === 'number') {
    if (op !== '*') return annotate.incompatibleTypes('float', op, 'histogram', span);
    return {
      value: compactHistogram(scaleHistogram(copyHistogram(right as FloatHistogram), left)),
      keep: true,
    };
  }
  if (typeof right === 'number') return histogramAndFloat(op, left, right, span);
  return twoHistograms(op, left, right, span);
}

function histogramAndFloat(
  op: BinaryOperator,
  h: FloatHistogram,
  by: number,
  span: Span,
): BinaryResult | Annotation {
  switch (op) {
    case '*':
      return { value: compactHistogram(scaleHistogram(copyHistogram(h), by)), keep: true };
    case '/':
      return { value: compactHistogram(divideHistogram(copyHistogram(h), by)), keep: true };
    case '</':
      return { value: trimHistogram(h, by, 'lower'), keep: true };
    case '>/':
      return { value: trimHistogram(h, by, 'upper'), keep: true };
    default:
      return annotate.incompatibleTypes('histogram', op, 'float', span);
  }
}

function twoHistograms(
  op: BinaryOperator,
  left: FloatHistogram,
  right: FloatHistogram,
  span: Span,
): BinaryResult | Annotation {
  if (op === '==') return { value: left, keep: histogramsEqual(left, right) };
  if (op === '!=') return { value: left, keep: !histogramsEqual(left, right) };
  if (op !== '+' && op !== '-') return annotate.incompatibleTypes('histogram', op, 'histogram', span);
  const value = copyHistogram(left);
  const operation = op === '+' ? 'addition' : 'subtraction';
  try {
    const notes = addHistogram(value, right, op === '+' ? 1 : -1);
    if (op === '-') value.resetHint = 'gauge';
    compactHistogram(value);
    if (notes.resetCollision) return { value, keep: true, note: annotate.resetCollision(operation, span) };
    if (notes.boundsReconciled)
      return { value, keep: true, note: annotate.boundsReconciled(operation, span) };
    return { value, keep: true };
  } catch (error) {
    if (!(error instanceof IncompatibleSchemaError)) throw error;
    return annotate.incompatibleBuckets(op, span);
  }
}
