import { goQuote } from './go-format.ts';

/** Durations as Prometheus writes them (package common/model): `1y2w3d4h5m6s7ms`. */

/** Units from the largest to the smallest, the order in which they must stand. */
const unitsMs: ReadonlyMap<string, bigint> = new Map([
  ['y', 365n * 86_400_000n],
  ['w', 7n * 86_400_000n],
  ['d', 86_400_000n],
  ['h', 3_600_000n],
  ['m', 60_000n],
  ['s', 1000n],
  ['ms', 1n],
]);
const unitOrder = [...unitsMs.keys()];
const maxNanoseconds = 2n ** 63n - 1n;

/** Milliseconds of a duration text, or the reason why it is none, in Prometheus's words. */
export function parseDuration(text: string): { readonly ms: number } | { readonly reason: string } {
  if (text === '0') return { ms: 0 };
  if (text === '') return { reason: 'empty duration string' };
  const malformed = { reason: `not a valid duration string: ${goQuote(text)}` };
  let total = 0n;
  let lastUnit = -1;
  for (let at = 0; at < text.length; ) {
    const [part = '', digits = '', unit = ''] = /^(\d+)(\D+)/.exec(text.slice(at)) ?? [];
    // More digits do not fit 64 bits.
    if (part === '' || digits.replace(/^0+/, '').length > 20 || BigInt(digits) >= 2n ** 64n) return malformed;
    const size = unitsMs.get(unit);
    if (size === undefined) return { reason: `unknown unit ${goQuote(unit)} in duration ${goQuote(text)}` };
    if (unitOrder.indexOf(unit) <= lastUnit) return malformed;
    lastUnit = unitOrder.indexOf(unit);
    total += BigInt(digits) * size;
    if (total * 1_000_000n > maxNanoseconds) return { reason: 'duration out of range' };
    at += part.length;
  }
  return { ms: Number(total) };
}

/** Seconds of whole milliseconds, with the rounding of Go's Duration.Seconds. */
export function secondsOfMs(ms: number): number {
  const seconds = Math.trunc(ms / 1000);
  return seconds + ((ms - seconds * 1000) * 1e6) / 1e9;
}

const outputUnits: readonly (readonly [unit: string, ms: number, exact: boolean])[] = [
  // Only exact multiples read better in years, weeks and days.
  ['y', 365 * 86_400_000, true],
  ['w', 7 * 86_400_000, true],
  ['d', 86_400_000, true],
  ['h', 3_600_000, false],
  ['m', 60_000, false],
  ['s', 1000, false],
  ['ms', 1, false],
];

/** Text of a duration in whole milliseconds (the sign is kept). */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (ms < 0) return `-${formatDuration(-ms)}`;
  let rest = ms;
  let out = '';
  for (const [unit, size, exact] of outputUnits) {
    if (exact && rest % size !== 0) continue;
    const count = Math.floor(rest / size);
    if (count > 0) {
      out += `${count}${unit}`;
      rest -= count * size;
    }
  }
  return out;
}

/** Whether seconds do not fit Go's 64-bit nanoseconds. */
export function durationOutOfRange(seconds: number): boolean {
  return seconds > 2 ** 63 / 1e9 || seconds < -(2 ** 63) / 1e9;
}

/** Seconds to nanoseconds, rounded half away from zero; exact as a double. */
export function nanosecondsOf(seconds: number): number {
  const scaled = seconds * 1e9;
  return Math.sign(scaled) * Math.floor(Math.abs(scaled) + (Math.abs(scaled) < 2 ** 52 ? 0.5 : 0)) + 0;
}

/** Whole milliseconds of seconds: rounded to nanoseconds, then cut off, as Prometheus does. */
export function millisecondsOf(seconds: number): number {
  const nanoseconds = nanosecondsOf(seconds);
  if (!Number.isFinite(nanoseconds)) return 0;
  return Number(BigInt(nanoseconds) / 1_000_000n);
}
