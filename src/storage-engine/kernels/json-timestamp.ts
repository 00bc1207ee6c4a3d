/** Milliseconds as seconds with three decimals or none. */
export function jsonTimestamp(timestampMs: number): string {
  const size = Math.abs(timestampMs);
  const fraction = size % 1000;
  const sign = timestampMs < 0 ? '-' : '';
  return `${sign}${Math.floor(size / 1000)}${fraction === 0 ? '' : `.${String(fraction).padStart(3, '0')}`}`;
}
