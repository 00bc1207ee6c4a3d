import { scalarColumn } from '../column.ts';
import { stepTime } from '../context.ts';
import type { VectorFunction, VectorFunctions } from './registry.ts';
import { mapFloats } from './simple.ts';

/** A calendar date in UTC, for any year (JavaScript's Date ends at the year 275760). */
interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly dayOfYear: number;
  readonly daysInMonth: number;
}

/** Days since 1970-01-01 to a date of the proleptic Gregorian calendar (Hinnant, chrono-compatible date algorithms). */
function civilFromDays(days: number): Civil {
  const shifted = days + 719468;
  const era = Math.floor(shifted / 146097);
  const dayOfEra = shifted - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) /
      365,
  );
  const fromMarch = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * fromMarch + 2) / 153);
  const day = fromMarch - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  const before = lengths.slice(0, month - 1).reduce((total, length) => total + length, 0);
  return { year, month, day, dayOfYear: before + day, daysInMonth: lengths[month - 1]! };
}

/**
 * Seconds of a value as Go sees them: cut off; out of range and NaN give the smallest integer. Go counts time from an
 * absolute beginning in 64 bits without sign, so what lies before that beginning wraps around to the far future.
 */
function toSeconds(value: number): number {
  const seconds = value >= -(2 ** 63) && value < 2 ** 63 ? Math.trunc(value) : -(2 ** 63);
  return seconds < -9223372028715321000 ? seconds + 2 ** 64 : seconds;
}

/** Exact for any double, as % is. */
const modulo = (value: number, by: number) => ((value % by) + by) % by;
const daysOf = (seconds: number) => Math.round((seconds - modulo(seconds, 86_400)) / 86_400);

function dateFunction(part: (seconds: number) => number): VectorFunction {
  return ({ args, context }) => {
    if (args.length === 0) {
      return [
        scalarColumn(context.steps.count, (step) => part(Math.trunc(stepTime(context.steps, step) / 1000))),
      ];
    }
    return mapFloats(args[0]!, context, (value) => part(toSeconds(value)));
  };
}

const civil = (part: (date: Civil) => number) =>
  dateFunction((seconds) => part(civilFromDays(daysOf(seconds))));

/** Parts of the date and time of a value in seconds, in UTC. */
export const dateFunctions: VectorFunctions = {
  days_in_month: civil((date) => date.daysInMonth),
  day_of_month: civil((date) => date.day),
  day_of_week: dateFunction((seconds) => modulo(daysOf(seconds) + 4, 7)),
  day_of_year: civil((date) => date.dayOfYear),
  hour: dateFunction((seconds) => Math.floor(modulo(seconds, 86_400) / 3600)),
  minute: dateFunction((seconds) => Math.floor(modulo(seconds, 3600) / 60)),
  month: civil((date) => date.month),
  year: civil((date) => date.year),
};
