/**
 * Kubernetes quantities as exact integers (apimachinery resource.Quantity: decimal and binary suffixes, decimal
 * exponents). Fractions are rounded up, as Kubernetes does for whole units.
 */
const binary = { Ki: 1n, Mi: 2n, Gi: 3n, Ti: 4n, Pi: 5n, Ei: 6n } as const;
const decimal = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 } as const;

/** Bytes or a count; undefined when the text is no quantity. */
export function quantityValue(quantity: string | number): bigint | undefined {
  return scaledValue(quantity, 0);
}

/** Whether two texts are the same amount: an API server stores `1024Mi` as `1Gi` and `0.5` as `500m`. */
export function sameQuantity(a: string | number, b: string | number): boolean {
  const value = scaledValue(a, 9);
  return value !== undefined && value === scaledValue(b, 9);
}

/** The amount in units of 10^-decimals. */
function scaledValue(quantity: string | number, decimals: number): bigint | undefined {
  const match = /^([0-9]+)(?:\.([0-9]+))?([KMGTPE]i|[numkMGTPE]?|[eE][0-9]{1,2})$/.exec(String(quantity));
  if (match === null) return undefined;
  const fraction = match[2] ?? '';
  const digits = BigInt(match[1]! + fraction);
  const suffix = match[3]!;
  if (suffix in binary) {
    const units = digits * 1024n ** binary[suffix as keyof typeof binary] * 10n ** BigInt(decimals);
    return divideUp(units, 10n ** BigInt(fraction.length));
  }
  const power = suffix in decimal ? decimal[suffix as keyof typeof decimal] : Number(suffix.slice(1));
  const exponent = power - fraction.length + decimals;
  return exponent >= 0 ? digits * 10n ** BigInt(exponent) : divideUp(digits, 10n ** BigInt(-exponent));
}

function divideUp(value: bigint, divisor: bigint): bigint {
  return (value + divisor - 1n) / divisor;
}
