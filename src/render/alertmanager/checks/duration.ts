/** Durations in the two forms that Alertmanager reads. Both return the length in milliseconds, or undefined. */

const largestNanoseconds = 2n ** 63n - 1n;

const unitsMs: Readonly<Record<string, bigint>> = {
  y: 365n * 86_400_000n,
  w: 7n * 86_400_000n,
  d: 86_400_000n,
  h: 3_600_000n,
  m: 60_000n,
  s: 1000n,
  ms: 1n,
};

/** Prometheus's form, `1d12h` or `0` (prometheus/common model.ParseDuration). */
export function parsePrometheusDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (text === '' || !/^(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$/.test(text)) return undefined;
  let sumMs = 0n;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|[ywdhms])/g))
    sumMs += BigInt(amount!) * unitsMs[unit!]!;
  return sumMs * 1_000_000n > largestNanoseconds ? undefined : Number(sumMs);
}

const goUnitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's form, `1h30m` or `1.5s` (time.ParseDuration); negative ones make no sense here and are refused. */
export function parseGoDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  let sumMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    sumMs += Number(amount) * goUnitsMs[unit!]!;
  }
  return sumMs < 9.2e12 ? sumMs : undefined;
}
