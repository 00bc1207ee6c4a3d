/** The functions over windows by number, as `../window-functions.ts` numbers them. */
import * as over from './over-time';
import * as query from './query';
import * as rate from './rate';
import { fillWindows } from './windows';
import { markChanges, markNothing, markResets } from './xor';

export const lookback: i32 = 0;
export const changes: i32 = 7;
export const rateOf: i32 = 1;
export const increase: i32 = 2;
export const resets: i32 = 6;

/** What decoding must mark for a function. */
export function marksOf(function_: i32): i32 {
  if (function_ == rateOf || function_ == increase || function_ == resets) return markResets;
  return function_ == changes ? markChanges : markNothing;
}

/** Writes a function's value at each step of the series in the columns; a stale marker where there is none. */
export function evaluate(out: usize, queue: usize): void {
  fillWindows();
  switch (query.windowFunction) {
    case lookback: over.newest(out, false); break;
    case rateOf: rate.extrapolated(out, true, true); break;
    case increase: rate.extrapolated(out, true, false); break;
    case 3: rate.extrapolated(out, false, false); break;
    case 4: rate.lastChange(out, true); break;
    case 5: rate.lastChange(out, false); break;
    case resets:
    case changes: rate.markedInside(out); break;
    case 8: over.total(out, false); break;
    case 9: over.total(out, true); break;
    case 10: over.extreme(out, false, queue); break;
    case 11: over.extreme(out, true, queue); break;
    case 12: over.simple(out, over.countSamples); break;
    case 13: over.newest(out, true); break;
    case 14: over.simple(out, over.oldestSample); break;
    case 15: over.simple(out, over.presence); break;
    case 16: over.deviation(out, true); break;
    default: over.deviation(out, false); break;
  }
}
