/** What the host calls. */
import * as chunk from './chunk';
import * as columns from './columns';
import { ok } from './status';
import { decodeXor, markNothing } from './xor';

export { setColumns, setSpan, startSeries } from './columns';
export { crc32c } from './crc32c';

/** Where memory that the host may use begins. */
export function heapBase(): usize {
  return __heap_base;
}

export function samples(): u32 {
  return columns.count;
}

/** Appends the samples of one chunk entry, stale markers included. */
export function decodeEntry(start: usize, end: usize, verify: bool): i32 {
  const status = chunk.openEntry(start, end);
  if (status != ok) return status;
  if (verify && !chunk.isIntact()) return 1;
  return decodeXor(chunk.dataAt, chunk.dataLength, markNothing, true);
}
