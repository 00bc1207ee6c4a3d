/**
 * The table of a batch's chunks (`lifecycle/rewrite/batch.ts`): six doubles for each, of which offset, length and replica
 * are read here.
 */
import * as chunk from './chunk';
import * as columns from './columns';
import { corrupt, ok, otherEncoding } from './status';
import { decodeXor, markNothing } from './xor';

const rowBytes: usize = 6 * 8;

let bytes: usize = 0;
let table: usize = 0;

export function setBatch(bytesAt: usize, tableAt: usize): void {
  bytes = bytesAt;
  table = tableAt;
}

@inline export function entryAt(number: u32): usize {
  return bytes + <usize>load<f64>(table + number * rowBytes);
}

@inline export function entryLength(number: u32): usize {
  return <usize>load<f64>(table + number * rowBytes, 8);
}

@inline export function replicaOf(number: u32): u32 {
  return <u32>load<f64>(table + number * rowBytes, 16);
}

/** Samples of chunks [first, end) by their headers; the largest number where one is not an XOR chunk. */
export function samplesOf(first: u32, end: u32): u32 {
  let sum: u32 = 0;
  for (let number = first; number < end; number++) {
    const entry = entryAt(number);
    if (chunk.openEntry(entry, entry + entryLength(number)) != ok) return u32.MAX_VALUE;
    sum += chunk.sampleCount();
  }
  return sum;
}

/** Appends all samples of a chunk to the columns. Some that are outside of the span are no answer: all come, or none. */
@inline export function decodeWhole(number: u32): i32 {
  const entry = entryAt(number);
  let status = chunk.openEntry(entry, entry + entryLength(number));
  if (status != ok) return status;
  if (!chunk.isIntact()) return corrupt;
  const expected = columns.count + chunk.sampleCount();
  status = decodeXor(chunk.dataAt, chunk.dataLength, markNothing, true);
  if (status != ok) return status;
  return columns.count == expected ? ok : otherEncoding;
}
