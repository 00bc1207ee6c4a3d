/**
 * Cron expressions of five fields (POSIX crontab, with names, steps and Vixie cron's rule for two day fields), read in a
 * time zone. Where clocks are set forward, a start in the skipped hour comes at the end of the gap; where they are set
 * back, a start comes once, at the first of the two moments. An expression for every hour follows real time instead.
 */

export interface Cron {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  /** Whether a day must fit only one of the two day fields: both are restricted. */
  readonly eitherDay: boolean;
}

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface FieldRule {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const rules: readonly FieldRule[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: monthNames },
  { name: 'day of week', min: 0, max: 7, names: weekdayNames },
];

/** The expression, or what is wrong with it. */
export function parseCron(text: string): Cron | { readonly fault: string } {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== rules.length) return { fault: `has ${fields.length} fields, five are needed` };
  const sets: Set<number>[] = [];
  for (const [index, rule] of rules.entries()) {
    const set = parseField(fields[index]!, rule);
    if (typeof set === 'string') return { fault: set };
    sets.push(set);
  }
  const [minutes, hours, days, months, weekdays] = sets as [
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
  ];
  if (weekdays.delete(7)) weekdays.add(0);
  const isFree = (field: string) => field.startsWith('*') || field === '?';
  return { minutes, hours, days, months, weekdays, eitherDay: !isFree(fields[2]!) && !isFree(fields[4]!) };
}

function parseField(text: string, rule: FieldRule): Set<number> | string {
  const set = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(\*|\?|([0-9a-z]+)(?:-([0-9a-z]+))?)(?:\/(\d{1,3}))?$/i.exec(part);
    const wrong = `${rule.name} ${JSON.stringify(part)} cannot be read`;
    if (match === null) return wrong;
    const [, range, first, last, stepText] = match;
    const step = stepText === undefined ? 1 : Number(stepText);
    const isAll = range === '*' || range === '?';
    const begin = isAll ? rule.min : value(first!, rule);
    const end = isAll
      ? Math.min(rule.max, rule.name === 'day of week' ? 6 : rule.max)
      : last === undefined
        ? stepText === undefined
          ? begin
          : rule.max
        : value(last, rule);
    if (begin === undefined || end === undefined || step === 0) return wrong;
    if (begin < rule.min || end > rule.max || begin > end)
      return `${rule.name} ${JSON.stringify(part)} is out of range`;
    for (let at = begin; at <= end; at += step) set.add(at);
  }
  return set;
}

function value(text: string, { names, min }: FieldRule): number | undefined {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const index = names?.indexOf(text.toLowerCase()) ?? -1;
  return index < 0 ? undefined : index + min;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Starts in [fromMs, toMs), in order, at most `max`. */
export function occurrences(
  cron: Cron,
  timeZone: string,
  fromMs: number,
  toMs: number,
  max: number,
): readonly number[] {
  const zone = new Zone(timeZone);
  const everyHour = cron.hours.size === 24;
  const found = new Set<number>();
  const first = zone.localMs(fromMs) - 2 * dayMs;
  const last = zone.localMs(toMs) + 2 * dayMs;
  for (let day = Math.floor(first / dayMs) * dayMs; day <= last && found.size < max; day += dayMs) {
    if (!matchesDay(cron, new Date(day))) continue;
    for (const local of startsOfDay(cron, day)) {
      for (const at of everyHour ? zone.allInstants(local) : [zone.instant(local)]) {
        if (at >= fromMs && at < toMs) found.add(at);
      }
    }
  }
  return [...found].sort((a, b) => a - b).slice(0, max);
}

function matchesDay(cron: Cron, date: Date): boolean {
  if (!cron.months.has(date.getUTCMonth() + 1)) return false;
  const [day, weekday] = [cron.days.has(date.getUTCDate()), cron.weekdays.has(date.getUTCDay())];
  return cron.eitherDay ? day || weekday : day && weekday;
}

function* startsOfDay(cron: Cron, day: number): Generator<number> {
  for (let hour = 0; hour < 24; hour++) {
    if (!cron.hours.has(hour)) continue;
    for (let minute = 0; minute < 60; minute++)
      if (cron.minutes.has(minute)) yield day + hour * hourMs + minute * minuteMs;
  }
}

/** Local time is written as the UTC instant that would show the same clock: milliseconds since the epoch. */
class Zone {
  readonly #format: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();

  constructor(timeZone: string) {
    this.#format = formatOf(timeZone);
  }

  localMs(atMs: number): number {
    return atMs + this.#offset(atMs);
  }

  /** The one instant for a local time: the first of two, or the end of the gap that it falls into. */
  instant(localMs: number): number {
    const [first] = this.allInstants(localMs);
    if (first !== undefined) return first;
    // In a gap: the clock jumps at the first instant that shows a later local time.
    let [low, high] = [
      localMs - this.#offset(localMs + dayMs) - 3 * hourMs,
      localMs - this.#offset(localMs - dayMs) + 3 * hourMs,
    ];
    while (high - low > minuteMs) {
      const middle = low + Math.floor((high - low) / 2 / minuteMs) * minuteMs;
      if (this.localMs(middle) >= localMs) high = middle;
      else low = middle;
    }
    return high;
  }

  /** Every instant that shows this local time, in order: none in a gap, two where clocks are set back. */
  allInstants(localMs: number): readonly number[] {
    const offsets = new Set([
      this.#offset(localMs - dayMs),
      this.#offset(localMs),
      this.#offset(localMs + dayMs),
    ]);
    return [...offsets]
      .map((offset) => localMs - offset)
      .filter((at) => this.localMs(at) === localMs)
      .sort((a, b) => a - b);
  }

  /** Offsets change on full quarters of an hour at most. */
  #offset(atMs: number): number {
    const slot = Math.floor(atMs / (15 * minuteMs));
    let offset = this.#offsets.get(slot);
    if (offset === undefined) {
      offset = this.#read(slot * 15 * minuteMs);
      this.#offsets.set(slot, offset);
    }
    return offset;
  }

  #read(atMs: number): number {
    const part: Record<string, number> = {};
    for (const { type, value: text } of this.#format.formatToParts(atMs)) part[type] = Number(text);
    const local = Date.UTC(part.year!, part.month! - 1, part.day!, part.hour!, part.minute!, part.second!);
    return local - atMs;
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();
const maxFormats = 64;

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    if (formats.size >= maxFormats) formats.clear();
    formats.set(timeZone, format);
  }
  return format;
}
