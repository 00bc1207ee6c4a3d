/** A stretch of time, [startMs, endMs): milliseconds since the epoch; infinite ends are allowed. */
export interface TimeRange {
  readonly startMs: number;
  readonly endMs: number;
}

/** The same time as ranges in order that neither overlap nor touch. */
export function uniteRanges(ranges: readonly TimeRange[]): readonly TimeRange[] {
  const united: { startMs: number; endMs: number }[] = [];
  const sorted = ranges
    .filter(({ startMs, endMs }) => startMs < endMs)
    .sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
  for (const { startMs, endMs } of sorted) {
    const last = united.at(-1);
    if (last !== undefined && startMs <= last.endMs) last.endMs = Math.max(last.endMs, endMs);
    else united.push({ startMs, endMs });
  }
  return united;
}

/** What lies in both; both in order without overlaps. */
export function intersectRanges(a: readonly TimeRange[], b: readonly TimeRange[]): readonly TimeRange[] {
  const both: TimeRange[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const startMs = Math.max(a[i]!.startMs, b[j]!.startMs);
    const endMs = Math.min(a[i]!.endMs, b[j]!.endMs);
    if (startMs < endMs) both.push({ startMs, endMs });
    if (a[i]!.endMs < b[j]!.endMs) i++;
    else j++;
  }
  return both;
}

/** What of a range lies in none of the others, which are in order without overlaps. */
export function subtractRanges(range: TimeRange, others: readonly TimeRange[]): readonly TimeRange[] {
  const left: TimeRange[] = [];
  let { startMs } = range;
  for (const other of others) {
    if (other.endMs <= startMs || other.startMs >= range.endMs) continue;
    if (other.startMs > startMs) left.push({ startMs, endMs: other.startMs });
    startMs = other.endMs;
  }
  if (startMs < range.endMs) left.push({ startMs, endMs: range.endMs });
  return left;
}
