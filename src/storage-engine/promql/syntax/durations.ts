/** Durations as Prometheus writes them (package common/model): `1y2w3d4h5m6s7ms`. */

const pattern = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const unitMs = [365n * 86_400_000n, 7n * 86_400_000n, 86_400_000n, 3_600_000n, 60_000n, 1000n, 1n] as const;
const maxNanoseconds = 2n ** 63n - 1n;

/** Milliseconds of a duration text, or the reason why it is none, in Prometheus's words. */
export function parseDuration(text: string): { readonly ms: number } | { readonly reason: string } {
  if (text === '0') return { ms: 0 };
  if (text === '') return { reason: 'empty duration string' };
  const match = pattern.exec(text);
  if (match === null) return { reason: `not a valid duration string: "${text}"` };
  let total = 0n;
  for (let unit = 0; unit < unitMs.length; unit++) {
    const digits = match[unit + 1];
    if (digits === undefined) continue;
    // 20 digits exceed 63 bits of nanoseconds in every unit; BigInt of a megabyte of digits would be slow.
    const trimmed = digits.replace(/^0+/, '');
    if (trimmed.length > 20) return { reason: 'duration out of range' };
    total += BigInt(trimmed === '' ? 0 : trimmed) * unitMs[unit]!;
    if (total * 1_000_000n > maxNanoseconds) return { reason: 'duration out of range' };
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
