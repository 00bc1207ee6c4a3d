import type { Random } from './random.ts';

export interface BackoffOptions {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * Delay before attempt number `failures + 1`: doubles with each failure up to the maximum, of which the upper half
 * is random so that many clients of one failed server do not return together.
 */
export function backoffDelayMs(failures: number, options: BackoffOptions, random: Random): number {
  const exponent = Math.min(Math.max(failures - 1, 0), 30);
  const delayMs = Math.min(options.maxDelayMs, options.firstDelayMs * 2 ** exponent);
  return delayMs * (0.5 + random.next() / 2);
}
