/**
 * Chunks that come out of a series, as whole entries of a segment one behind the other, and a row of five numbers for
 * each: first and last time, bytes of the entry, float samples, histogram samples.
 */
import { crc32c } from './crc32c';
import { putUvarint } from './encode-xor';

const rowBytes: usize = 5 * 8;

let begin: usize = 0;
let at: usize = 0;
let end: usize = 0;
let rows: usize = 0;
let row: usize = 0;
let rowsEnd: usize = 0;

/** Where entries and rows go, and where that room ends. */
export function setOutput(bytes: usize, bytesEnd: usize, rowsAt: usize, rowsLimit: usize): void {
  begin = at = bytes;
  end = bytesEnd;
  rows = row = rowsAt;
  rowsEnd = rowsLimit;
}

export function outputBytes(): u32 {
  return <u32>(at - begin);
}

export function outputChunks(): u32 {
  return <u32>((row - rows) / rowBytes);
}

@inline function addRow(minTime: i64, maxTime: i64, length: usize, samples: u32): void {
  store<f64>(row, <f64>minTime);
  store<f64>(row, <f64>maxTime, 8);
  store<f64>(row, <f64>length, 16);
  store<f64>(row, <f64>samples, 24);
  store<f64>(row, 0, 32);
  row += rowBytes;
}

/** Appends an entry as it is; false where there is no room. */
export function copyEntry(entry: usize, length: usize, minTime: i64, maxTime: i64, samples: u32): bool {
  if (at + length > end || row >= rowsEnd) return false;
  memory.copy(at, entry, length);
  at += length;
  addRow(minTime, maxTime, length, samples);
  return true;
}

/** Appends an entry of these data; false where there is no room. */
export function addEntry(encoding: u8, data: usize, length: usize, minTime: i64, maxTime: i64, samples: u32): bool {
  if (at + length + 16 > end || row >= rowsEnd) return false;
  const start = at;
  const body = putUvarint(at, length);
  store<u8>(body, encoding);
  memory.copy(body + 1, data, length);
  const sum = body + 1 + length;
  store<u32>(sum, bswap<u32>(crc32c(body, <u32>length + 1)));
  at = sum + 4;
  addRow(minTime, maxTime, at - start, samples);
  return true;
}
