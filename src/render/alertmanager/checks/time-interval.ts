/** Time intervals as Alertmanager's timeinterval package reads them. */
import type { TimeInterval } from '../../../crds/alert-route.ts';
import type { FaultList } from './fault.ts';
import { isTimeZone } from './time-zone.ts';

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const months = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

/** One interval in Alertmanager's spelling. Faults are added with `path` before the field. */
export function renderTimeInterval(interval: TimeInterval, path: string, faults: FaultList): object {
  interval.times?.forEach(({ startTime, endTime }, index) => {
    const [start, end] = [minutes(startTime), minutes(endTime)];
    const at = `${path}.times[${index}]`;
    if (start === undefined || end === undefined)
      faults.add(at, 'InvalidTimeInterval', 'times are written HH:MM, up to 24:00');
    else if (start >= end) faults.add(at, 'InvalidTimeInterval', 'startTime must be before endTime');
  });
  const spans = (
    field: 'weekdays' | 'daysOfMonth' | 'months' | 'years',
    check: (text: string) => string | undefined,
  ) =>
    interval[field]?.forEach((text, index) => {
      const fault = check(text.toLowerCase());
      if (fault !== undefined) faults.add(`${path}.${field}[${index}]`, 'InvalidTimeInterval', fault);
    });
  spans('weekdays', (text) => spanFault(text, (part) => indexIn(weekdays, part), 'a day of the week'));
  spans('months', (text) => spanFault(text, month, 'a month'));
  spans('years', (text) => spanFault(text, integer, 'a year'));
  spans('daysOfMonth', daysFault);
  if (interval.location !== undefined && !isTimeZone(interval.location)) {
    faults.add(
      `${path}.location`,
      'InvalidTimeInterval',
      `${JSON.stringify(interval.location)} is no IANA time zone`,
    );
  }
  return {
    ...(interval.times === undefined
      ? {}
      : {
          times: interval.times.map(({ startTime, endTime }) => ({
            start_time: startTime,
            end_time: endTime,
          })),
        }),
    ...(interval.weekdays === undefined ? {} : { weekdays: interval.weekdays }),
    ...(interval.daysOfMonth === undefined ? {} : { days_of_month: interval.daysOfMonth }),
    ...(interval.months === undefined ? {} : { months: interval.months }),
    ...(interval.years === undefined ? {} : { years: interval.years }),
    ...(interval.location === undefined ? {} : { location: interval.location }),
  };
}

function minutes(text: string): number | undefined {
  if (!/^((([01][0-9])|(2[0-3])):[0-5][0-9])$|^24:00$/.test(text)) return undefined;
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
}

function integer(text: string): number | undefined {
  return /^[+-]?\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function indexIn(names: readonly string[], text: string): number | undefined {
  const index = names.indexOf(text);
  return index < 0 ? undefined : index;
}

/** A name, or a number from 1 to 12. Alertmanager takes other numbers too, and then never matches. */
function month(text: string): number | undefined {
  const named = indexIn(months, text);
  if (named !== undefined) return named + 1;
  const number = integer(text);
  return number !== undefined && number >= 1 && number <= 12 ? number : undefined;
}

function span(
  text: string,
  read: (part: string) => number | undefined,
): readonly [number, number] | undefined {
  const [first, last = first, ...rest] = text.split(':');
  const [begin, end] = [read(first!), read(last!)];
  return begin === undefined || end === undefined || rest.length > 0 ? undefined : [begin, end];
}

function spanFault(
  text: string,
  read: (part: string) => number | undefined,
  what: string,
): string | undefined {
  const found = span(text, read);
  if (found === undefined) return `${JSON.stringify(text)} is not ${what} or a span first:last`;
  return found[0] > found[1] ? `${JSON.stringify(text)} ends before it begins` : undefined;
}

function daysFault(text: string): string | undefined {
  const found = span(text, integer);
  if (found === undefined) return `${JSON.stringify(text)} is not a day of the month or a span first:last`;
  const [begin, end] = found;
  if (begin === 0 || end === 0 || Math.abs(begin) > 31 || Math.abs(end) > 31) {
    return `${JSON.stringify(text)} is outside of 1 to 31 and -31 to -1`;
  }
  if (begin < 0 && end > 0) return 'the last day must be negative when the first one is';
  const fromStart = (day: number) => (day < 0 ? 28 + day : day);
  return fromStart(begin) > fromStart(end) ? `${JSON.stringify(text)} ends before it begins` : undefined;
}
