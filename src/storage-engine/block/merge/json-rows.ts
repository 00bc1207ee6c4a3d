import { limits } from '../../../base/limits.ts';
import type { LabelTexts } from '../../kernels/row-text.ts';
import type { SymbolDictionary } from '../index/symbol-dictionary.ts';

const [openBrace, closeBrace, comma, colon] = [0x7b, 0x7d, 0x2c, 0x3a] as const;

/** Symbol ids of the labels of a series: `ids` at [from, to). */
export interface LabelRange {
  readonly ids: Uint32Array;
  readonly from: number;
  readonly to: number;
}

/**
 * Writes label sets as JSON objects, a comma between them, in parts of about `limits.jsonPartBytes`. Neighbours in label
 * order share most of their labels: what comes before and after those that differ is copied from the row before.
 */
export function* jsonRows(symbols: SymbolDictionary, rows: Iterable<LabelRange>): Generator<Uint8Array> {
  const pieces = new Map<number, Uint8Array>();
  let out = new Uint8Array(limits.jsonPartBytes + 64 * 1024);
  let at = 0;
  let before: LabelRange | undefined;
  /** Where each label of the row before begins, its end last. */
  let starts: number[] = [];
  for (const row of rows) {
    const count = (row.to - row.from) / 2;
    if (before !== undefined) out[at++] = comma;
    const same = before === undefined ? 0 : commonLabels(before, row);
    const startsNow = new Array<number>(count + 1);
    out[at++] = openBrace;
    let label = 0;
    if (same > 0 && starts.length > same) {
      const length = starts[same]! - starts[0]!;
      out = roomFor(out, at, length);
      for (let i = 0; i < same; i++) startsNow[i] = at + starts[i]! - starts[0]!;
      out.copyWithin(at, starts[0]!, starts[same]!);
      at += length;
      // Where the row before ended with its brace a comma belongs.
      out[at - 1] = comma;
      label = same;
    }
    const tail = before === undefined || starts.length === 0 ? 0 : commonTail(before, row, label);
    for (; label < count - tail; label++) {
      startsNow[label] = at;
      const piece = pieceOf(
        symbols,
        pieces,
        row.ids[row.from + label * 2]!,
        row.ids[row.from + label * 2 + 1]!,
      );
      const { length } = piece;
      out = roomFor(out, at, length);
      if (length > 64) out.set(piece, at);
      else for (let i = 0; i < length; i++) out[at + i] = piece[i]!;
      at += length;
    }
    if (tail > 0) {
      const first = starts.length - 1 - tail;
      const length = starts[starts.length - 1]! - starts[first]!;
      out = roomFor(out, at, length);
      for (let i = 0; i < tail; i++) startsNow[label + i] = at + starts[first + i]! - starts[first]!;
      out.copyWithin(at, starts[first]!, starts[first]! + length);
      at += length;
    }
    startsNow[count] = at;
    // The last label's comma gives way to the brace.
    if (count > 0) at--;
    out = roomFor(out, at, 2);
    out[at++] = closeBrace;
    before = row;
    starts = startsNow;
    if (at < limits.jsonPartBytes) continue;
    yield out.subarray(0, at);
    out = new Uint8Array(limits.jsonPartBytes + 64 * 1024);
    at = 0;
    // Nothing to copy from any more.
    starts = [];
  }
  if (at > 0) yield out.subarray(0, at);
}

/** Label sets as JSON objects on shared memory, without the label of each that stands first where `skipsFirst` says so. */
export function labelTexts(
  symbols: SymbolDictionary,
  rows: Iterable<LabelRange>,
  count: number,
  skipsFirst: boolean,
): LabelTexts {
  const pieces = new Map<number, Uint8Array>();
  const ends = new Uint32Array(new SharedArrayBuffer(count * 4));
  let out = new Uint8Array(limits.jsonPartBytes);
  let at = 0;
  let row = 0;
  for (const { ids, from, to } of rows) {
    out = roomFor(out, at, 2);
    out[at++] = openBrace;
    const first = skipsFirst ? from + 2 : from;
    for (let i = first; i < to; i += 2) {
      const piece = pieceOf(symbols, pieces, ids[i]!, ids[i + 1]!);
      out = roomFor(out, at, piece.length);
      out.set(piece, at);
      at += piece.length;
    }
    // The last label's comma gives way to the brace.
    if (first < to) at--;
    out[at++] = closeBrace;
    ends[row++] = at;
  }
  const bytes = new Uint8Array(new SharedArrayBuffer(at));
  bytes.set(out.subarray(0, at));
  return { bytes, ends };
}

/** How many labels two rows have in common from the first on. */
function commonLabels(a: LabelRange, b: LabelRange): number {
  const length = Math.min(a.to - a.from, b.to - b.from);
  let i = 0;
  while (i < length && a.ids[a.from + i] === b.ids[b.from + i]) i++;
  return i >> 1;
}

/** The same from the last on, without the first `taken` labels. */
function commonTail(a: LabelRange, b: LabelRange, taken: number): number {
  const length = Math.min(a.to - a.from, b.to - b.from) - taken * 2;
  let i = 0;
  while (i < length && a.ids[a.to - 1 - i] === b.ids[b.to - 1 - i]) i++;
  return i >> 1;
}

/** `"name":"value",` */
function pieceOf(
  symbols: SymbolDictionary,
  pieces: Map<number, Uint8Array>,
  name: number,
  value: number,
): Uint8Array {
  const key = name * 2 ** 26 + value;
  let piece = pieces.get(key);
  if (piece === undefined) {
    const [left, right] = [symbols.jsonBytes(name), symbols.jsonBytes(value)];
    piece = new Uint8Array(left.length + right.length + 2);
    piece.set(left);
    piece[left.length] = colon;
    piece.set(right, left.length + 1);
    piece[piece.length - 1] = comma;
    pieces.set(key, piece);
  }
  return piece;
}

function roomFor(out: Uint8Array<ArrayBuffer>, at: number, length: number): Uint8Array<ArrayBuffer> {
  if (at + length + 4 <= out.length) return out;
  const longer = new Uint8Array((at + length) * 2);
  longer.set(out.subarray(0, at));
  return longer;
}
