/** Decimal suffixes by power of ten, binary ones by power of two (Kubernetes resource.Quantity). */
const decimal: readonly (readonly [string, number])[] = [
  ['E', 18],
  ['P', 15],
  ['T', 12],
  ['G', 9],
  ['M', 6],
  ['k', 3],
  ['', 0],
  ['m', -3],
  ['u', -6],
  ['n', -9],
];
const binary: readonly (readonly [string, bigint])[] = [
  ['Ei', 60n],
  ['Pi', 50n],
  ['Ti', 40n],
  ['Gi', 30n],
  ['Mi', 20n],
  ['Ki', 10n],
];
const nano = 10n ** 9n;

/** The form in which an API server answers a quantity: no fraction, the largest fitting suffix. `0.5` is `500m`. */
export function canonicalQuantity(text: string): string {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d+)|([KMGTPE]i|[numkMGTPE]))?$/.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', exponent, suffix = ''] = match;
  if (exponent !== undefined) return text;
  const scale = 10n ** BigInt(fraction.length);
  let nanos = BigInt(whole + fraction || '0') * nano;
  const shift = binary.find(([name]) => name === suffix)?.[1];
  if (shift !== undefined) nanos <<= shift;
  const power = decimal.find(([name]) => name === suffix)?.[1] ?? 0;
  if (shift === undefined) nanos = power >= 0 ? nanos * 10n ** BigInt(power) : nanos / 10n ** BigInt(-power);
  nanos = (nanos + scale - 1n) / scale;
  if (nanos === 0n) return '0';
  const minus = sign === '-' ? '-' : '';
  if (shift !== undefined && nanos % nano === 0n) {
    const units = nanos / nano;
    for (const [name, bits] of binary)
      if (units % (1n << bits) === 0n) return `${minus}${units >> bits}${name}`;
    return `${minus}${units}`;
  }
  for (const [name, exponentOfTen] of decimal) {
    const unit = 10n ** BigInt(exponentOfTen + 9);
    if (nanos % unit === 0n) return `${minus}${nanos / unit}${name}`;
  }
  return text;
}
