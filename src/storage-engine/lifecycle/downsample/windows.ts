/** Average length aimed at for downsampled chunks, in samples. */
const chunkSamples = 140;
/** Interval that raw samples are taken to have when the number of chunks is estimated. */
export const assumedRawIntervalMs = 60_000;

/** Last millisecond of the window of a time: the end of a half-open range has no sample (Thanos downsample.go). */
export function windowEnd(time: number, resolutionMs: number): number {
  return time - (time % resolutionMs) + resolutionMs - 1;
}

/** How many chunks a series becomes, by the time it covers and how densely its samples fill it. */
export function targetChunks(
  minTime: number,
  maxTime: number,
  fromMs: number,
  toMs: number,
  samples: number,
): number {
  const most = Math.trunc((maxTime - minTime) / toMs);
  const fullness = Math.min(1, samples / ((maxTime - minTime) / fromMs));
  const expected = Math.trunc(most * fullness) + 1;
  let chunks = 1;
  while (Math.trunc(expected / chunks) > chunkSamples) chunks++;
  return chunks;
}

/** Calls back at the end of each window of ascending times: its end, and the rows [from, to) that lie in it. */
export function forEachWindow(
  times: ArrayLike<number>,
  from: number,
  to: number,
  resolutionMs: number,
  visit: (endMs: number, from: number, to: number) => void,
): void {
  if (to <= from) return;
  const last = times[to - 1]!;
  for (let at = from; at < to; ) {
    // A later part may overlap in time otherwise.
    const end = Math.min(windowEnd(times[at]!, resolutionMs), last);
    let next = at + 1;
    while (next < to && times[next]! <= end) next++;
    visit(end, at, next);
    at = next;
  }
}
