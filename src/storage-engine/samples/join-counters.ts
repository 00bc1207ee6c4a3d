/**
 * Counters of chunks in the order of time as one that never falls: a second value at the time of the one before is the
 * true last one of its chunk, with which the first of the next is compared.
 */
export function joinCounters(
  parts: readonly { readonly times: ArrayLike<number>; readonly values: ArrayLike<number> }[],
): { times: number[]; values: number[]; lastRaw: number } {
  const times: number[] = [];
  const values: number[] = [];
  let last: number | undefined;
  let lastTime = Number.NEGATIVE_INFINITY;
  let total = 0;
  for (const part of parts) {
    for (let i = 0; i < part.times.length; i++) {
      const [time, value] = [part.times[i]!, part.values[i]!];
      if (Number.isNaN(value) || time < lastTime) continue;
      if (time > lastTime) {
        total = last === undefined ? value : total + (value >= last ? value - last : value);
        lastTime = time;
        times.push(time);
        values.push(total);
      }
      last = value;
    }
  }
  return { times, values, lastRaw: last ?? Number.NaN };
}
