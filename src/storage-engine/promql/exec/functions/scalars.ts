import { type Column, float, scalarColumn } from '../column.ts';
import { stepTime } from '../context.ts';
import type { VectorFunctions } from './registry.ts';
import { goMax, goMin } from './simple.ts';

/** Functions that make scalars, or vectors of them. */
export const scalarFunctions: VectorFunctions = {
  max_of: ({ args, context }) => [
    scalarColumn(context.steps.count, (step) =>
      goMax(args[0]![0]!.floats[step]!, args[1]![0]!.floats[step]!),
    ),
  ],
  min_of: ({ args, context }) => [
    scalarColumn(context.steps.count, (step) =>
      goMin(args[0]![0]!.floats[step]!, args[1]![0]!.floats[step]!),
    ),
  ],
  pi: ({ context }) => [scalarColumn(context.steps.count, () => Math.PI)],
  time: ({ context }) => [scalarColumn(context.steps.count, (step) => stepTime(context.steps, step) / 1000)],
  vector: ({ args }) => args[0]!,
  scalar: ({ args, context }) => [scalarColumn(context.steps.count, (step) => onlyFloat(args[0]!, step))],
};

/** The float of the only series that has one at a step, else NaN. */
function onlyFloat(columns: readonly Column[], step: number): number {
  const found = columns.filter((column) => column.kinds[step] === float);
  return found.length === 1 ? found[0]!.floats[step]! : NaN;
}
