/** Schema of histograms with custom bucket boundaries. */
export const customBucketsSchema = -53;

export function isCustomSchema(schema: number): boolean {
  return schema === customBucketsSchema;
}

/**
 * Prometheus's table of bucket boundaries is not rounded to nearest everywhere. Digit i says by how many units in the
 * last place (plus 4) its boundary 2^(i/256 - 1) differs from the nearest double.
 */
const roundingOfTable =
  '4444443444344444443244333333333344344434433344334433453344334433444444333322342344344434444344444443454434224433433344343422333334343322332334333333332323222322443344343322342233223433232233233312332322122212222222111100120133233222231133222312332222012211';

const finestSchema = 8;
const fractionBits = 160n;

let fractions: Float64Array | undefined;

/** 2^(i/256 - 1) for i from 0 to 255, as in Prometheus's table. */
function fractionTable(): Float64Array {
  if (fractions !== undefined) return fractions;
  let root = 2n << fractionBits;
  for (let i = 0; i < finestSchema; i++) root = integerSquareRoot(root << fractionBits);
  const table = new Float64Array(1 << finestSchema);
  const shift = fractionBits - 52n;
  let power = 1n << fractionBits;
  for (let i = 0; i < table.length; i++) {
    const nearest = Number((power + (1n << (shift - 1n))) >> shift) / 2 ** 53;
    table[i] = nearest + (Number(roundingOfTable[i]) - 4) * 2 ** -53;
    power = (power * root) >> fractionBits;
  }
  fractions = table;
  return table;
}

function integerSquareRoot(value: bigint): bigint {
  let x = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const y = (x + value / x) >> 1n;
    if (y >= x) return x;
    x = y;
  }
}

/** Upper boundary of the bucket with this index in an exponential schema (-4 to 8). */
export function exponentialBound(index: number, schema: number): number {
  if (schema < 0) {
    const exponent = index * 2 ** -schema;
    return exponent === 1024 ? Number.MAX_VALUE : scaleByPower(1, exponent);
  }
  const perPower = 2 ** schema;
  const power = Math.floor(index / perPower);
  const fraction = fractionTable()[(index - power * perPower) * 2 ** (finestSchema - schema)]!;
  const exponent = power + 1;
  // The last bucket of ordinary numbers ends at the largest of them.
  if (fraction === 0.5 && exponent === 1025) return Number.MAX_VALUE;
  return scaleByPower(fraction, exponent);
}

/** value * 2^exponent without overflow in between. */
function scaleByPower(value: number, exponent: number): number {
  if (exponent > 1000) return value * 2 ** 1000 * 2 ** Math.min(exponent - 1000, 1000);
  if (exponent < -1000) return value * 2 ** -1000 * 2 ** Math.max(exponent + 1000, -1000);
  return value * 2 ** exponent;
}

/** Upper boundary of a bucket; for custom boundaries index -1 is -Inf and the one past the last is +Inf. */
export function bucketBound(index: number, schema: number, customValues: readonly number[]): number {
  if (!isCustomSchema(schema)) return exponentialBound(index, schema);
  if (index < 0) return -Infinity;
  return customValues[index] ?? Infinity;
}
