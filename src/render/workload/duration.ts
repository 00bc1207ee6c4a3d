/** Prometheus's durations: `1d12h30m`, units in falling order, or `0` (model.ParseDuration of prometheus/common). */
const pattern =
  /^(?:0|(?:(\d{1,9})y)?(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?(?:(\d{1,12})ms)?)$/;

const unitsMs = [365 * 86_400_000, 7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000, 1] as const;

/** Milliseconds, or undefined when the text is no such duration. */
export function durationMs(text: string): number | undefined {
  const match = text === '' ? null : pattern.exec(text);
  if (match === null) return undefined;
  return unitsMs.reduce((sum, unitMs, position) => sum + Number(match[position + 1] ?? 0) * unitMs, 0);
}
