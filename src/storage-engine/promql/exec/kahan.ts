/** A sum with its compensation (Neumaier's variant of Kahan's summation, as in Prometheus util/kahansum). */
export interface KahanSum {
  sum: number;
  c: number;
}

/** Adds `inc` in place. */
export function kahanAdd(state: KahanSum, inc: number): void {
  const t = state.sum + inc;
  if (t > Number.MAX_VALUE || t < -Number.MAX_VALUE) state.c = 0;
  else if (Math.abs(state.sum) >= Math.abs(inc)) state.c += state.sum - t + inc;
  else state.c += inc - t + state.sum;
  state.sum = t;
}

export function kahanStart(sum = 0): KahanSum {
  return { sum, c: 0 };
}
