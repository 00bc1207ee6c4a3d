import { changeFunctions } from './changes.ts';
import { dateFunctions } from './dates.ts';
import { histogramFunctions } from './histograms.ts';
import { overTimeFunctions } from './over-time.ts';
import { rateFunctions } from './rate.ts';
import type { RangeFunction, VectorFunction } from './registry.ts';
import { regressionFunctions } from './regression.ts';
import { scalarFunctions } from './scalars.ts';
import { simpleFunctions } from './simple.ts';
import { sortFunctions } from './sorting.ts';
import { sumOverTimeFunctions } from './sums-over-time.ts';

/** All functions on instant vectors and scalars; a family is one line. */
export const vectorFunctions: ReadonlyMap<string, VectorFunction> = new Map(
  [simpleFunctions, scalarFunctions, dateFunctions, histogramFunctions, sortFunctions].flatMap(
    Object.entries,
  ),
);

/** All functions on range vectors; a family is one line. */
export const rangeFunctions: ReadonlyMap<string, RangeFunction> = new Map(
  [overTimeFunctions, sumOverTimeFunctions, regressionFunctions, rateFunctions, changeFunctions].flatMap(
    Object.entries,
  ),
);
