/** A sum with its compensation (Neumaier's variant of Kahan's summation, as in Prometheus util/kahansum). */

@inline export function nextCompensation(sum: f64, compensation: f64, added: f64, total: f64): f64 {
  if (abs(total) == Infinity) return 0;
  return abs(sum) >= abs(added) ? compensation + (sum - total + added) : compensation + (added - total + sum);
}

/** The same for two sums at a time, where no total is infinite. */
@inline export function nextCompensations(sum: v128, compensation: v128, added: v128, total: v128): v128 {
  const larger = f64x2.ge(f64x2.abs(sum), f64x2.abs(added));
  const big = v128.bitselect(sum, added, larger);
  const small = v128.bitselect(added, sum, larger);
  return f64x2.add(compensation, f64x2.add(f64x2.sub(big, total), small));
}

@inline export function areInfinite(totals: v128): v128 {
  return f64x2.eq(f64x2.abs(totals), f64x2.splat(Infinity));
}
