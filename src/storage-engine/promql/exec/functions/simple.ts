import { type Column, float, newColumn, setFloat } from '../column.ts';
import type { EvalContext } from '../context.ts';
import { goMath } from '../math/go-math.ts';
import type { VectorCall, VectorFunctions } from './registry.ts';

/** The labels of a result that is no longer the metric itself. */
export function derivedLabels(column: Column, context: EvalContext): Column['labels'] {
  return context.options.delayedNameRemoval ? column.labels : column.labels.withoutMetadata();
}

/** Applies a function to each float; histograms go. */
export function mapFloats(
  columns: readonly Column[],
  context: EvalContext,
  change: (value: number, step: number) => number | undefined,
): Column[] {
  return columns.map((column) => {
    const result = newColumn(derivedLabels(column, context), context.steps.count, true);
    for (let step = 0; step < context.steps.count; step++) {
      if (column.kinds[step] !== float) continue;
      const value = change(column.floats[step]!, step);
      if (value !== undefined) setFloat(result, step, value);
    }
    return result;
  });
}

const unary =
  (change: (value: number) => number) =>
  ({ args, context }: VectorCall): Column[] =>
    mapFloats(args[0]!, context, change);

function goMin(a: number, b: number): number {
  return Number.isNaN(a) || Number.isNaN(b)
    ? a === -Infinity || b === -Infinity
      ? -Infinity
      : NaN
    : Math.min(a, b);
}

function goMax(a: number, b: number): number {
  return Number.isNaN(a) || Number.isNaN(b)
    ? a === Infinity || b === Infinity
      ? Infinity
      : NaN
    : Math.max(a, b);
}

function clamp({ args, context }: VectorCall, low: Column | undefined, high: Column | undefined): Column[] {
  return mapFloats(args[0]!, context, (value, step) => {
    const min = low?.floats[step] ?? -Infinity;
    const max = high?.floats[step] ?? Infinity;
    return max < min ? undefined : goMax(min, goMin(max, value));
  });
}

/** Functions of one float. */
export const simpleFunctions: VectorFunctions = {
  abs: unary(Math.abs),
  acos: unary(goMath.acos),
  acosh: unary(goMath.acosh),
  asin: unary(goMath.asin),
  asinh: unary(goMath.asinh),
  atan: unary(goMath.atan),
  atanh: unary(goMath.atanh),
  ceil: unary(Math.ceil),
  cos: unary(goMath.cos),
  cosh: unary(goMath.cosh),
  deg: unary((value) => (value * 180) / Math.PI),
  exp: unary(goMath.exp),
  floor: unary(Math.floor),
  ln: unary(goMath.log),
  log10: unary(goMath.log10),
  log2: unary(goMath.log2),
  rad: unary((value) => (value * Math.PI) / 180),
  sgn: unary((value) => (value < 0 ? -1 : value > 0 ? 1 : value)),
  sin: unary(goMath.sin),
  sinh: unary(goMath.sinh),
  sqrt: unary(Math.sqrt),
  tan: unary(goMath.tan),
  tanh: unary(goMath.tanh),
  clamp: (input) => clamp(input, input.args[1]?.[0], input.args[2]?.[0]),
  clamp_max: (input) => clamp(input, undefined, input.args[1]?.[0]),
  clamp_min: (input) => clamp(input, input.args[1]?.[0], undefined),
  round: ({ args, context }) =>
    mapFloats(args[0]!, context, (value, step) => {
      const inverse = 1 / (args[1]?.[0]?.floats[step] ?? 1);
      return Math.floor(value * inverse + 0.5) / inverse;
    }),
};

export { goMax, goMin };
