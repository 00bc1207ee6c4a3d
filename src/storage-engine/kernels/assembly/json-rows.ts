/** Rows as the series of a matrix or a vector in Prometheus's JSON. */
import { staleMarker } from './columns';
import { formatFloat } from './format-float';

/** Copies whole vectors: up to 15 bytes too many are read and written. */
@inline function copy(out: usize, from: usize, length: u32): usize {
  for (let i: u32 = 0; i < length; i += 16) v128.store(out + i, v128.load(from + i));
  return out + length;
}

/** `{"metric":` */
const openText: usize = memory.data<u8>([0x7b, 0x22, 0x6d, 0x65, 0x74, 0x72, 0x69, 0x63, 0x22, 0x3a, 0, 0, 0, 0, 0, 0], 16);
/** `,"values":[` and `,"value":` */
const valuesText: usize = memory.data<u8>([0x2c, 0x22, 0x76, 0x61, 0x6c, 0x75, 0x65, 0x73, 0x22, 0x3a, 0x5b, 0, 0, 0, 0, 0], 16);
const valueText: usize = memory.data<u8>([0x2c, 0x22, 0x76, 0x61, 0x6c, 0x75, 0x65, 0x22, 0x3a, 0, 0, 0, 0, 0, 0, 0], 16);

/** Bytes of the text before the value of a step, `[1435781430.781,"`, whose length is the last byte. */
const stepTextBytes: u32 = 32;

/** Rows that were written last. */
let written: u32 = 0;
export function rowsWritten(): u32 {
  return written;
}

/**
 * Writes rows of `steps` values, one behind the other with commas between them; those without a value are left out.
 * `labels` holds the label sets as JSON, that of row i ends at `labelEnds[i]`. Answers where the text ends.
 */
export function writeRows(
  rows: usize,
  count: u32,
  steps: u32,
  isVector: bool,
  stepTexts: usize,
  labels: usize,
  labelEnds: usize,
  out: usize,
): usize {
  let labelStart: u32 = 0;
  written = 0;
  for (let i: u32 = 0; i < count; i++, rows += steps << 3) {
    const labelAt = labelStart;
    const labelEnd = load<u32>(labelEnds + (i << 2));
    labelStart = labelEnd;
    let s: u32 = 0;
    while (s < steps && load<u64>(rows + (s << 3)) == staleMarker) s++;
    if (s == steps) continue;
    if (written++ > 0) store<u8>(out++, 0x2c);
    out = copy(out, openText, 10);
    out = copy(out, labels + labelAt, labelEnd - labelAt);
    out = isVector ? copy(out, valueText, 9) : copy(out, valuesText, 11);
    let isFirst = true;
    for (; s < steps; s++) {
      const bits = load<u64>(rows + (s << 3));
      if (bits == staleMarker) continue;
      if (!isFirst) store<u8>(out++, 0x2c);
      isFirst = false;
      const text = stepTexts + s * stepTextBytes;
      v128.store(out, v128.load(text));
      v128.store(out, v128.load(text, 16), 16);
      out = formatFloat(out + load<u8>(text, 31), reinterpret<f64>(bits));
      store<u16>(out, 0x5d22);
      out += 2;
    }
    if (!isVector) store<u8>(out++, 0x5d);
    store<u8>(out++, 0x7d);
  }
  return out;
}
