/** What the host calls. Addresses and lengths are in bytes. */
import * as aggregate from './aggregate';
import * as chunk from './chunk';
import * as columns from './columns';
import { evaluate, lookback, marksOf } from './functions';
import { powersOfTen } from './format-float';
import * as query from './query';
import { loadMerged } from './replicas';
import { corrupt, ok, overlapping } from './status';
import { decodeXor, markChanges, markNothing, markResets } from './xor';
import { decodeXor2 } from './xor2';

export { finishGroup, stateBytes } from './aggregate';
export { samplesOf, setBatch } from './batch';
export { setColumns, setSpan, startSeries } from './columns';
export { crc32c } from './crc32c';
export { downsampleScratchBytes, downsampleSeries } from './downsample';
export { encodeXor } from './encode-xor';
export { formatFloat } from './format-float';
export { rowsWritten, writeRows } from './json-rows';
export { mergeScratchBytes, mergeSeries } from './merge';
export { outputBytes, outputChunks, setOutput } from './output';
export { setQuery } from './query';
export { mergingBytes, setMerging } from './replicas';

/** Where memory that the host may use begins. */
export function heapBase(): usize {
  return __heap_base;
}

/** Where the host puts the powers of ten. */
export function powersOfTenAt(): usize {
  return powersOfTen;
}

export function samples(): u32 {
  return columns.count;
}

export function samplesSeen(): f64 {
  return <f64>query.samplesSeen;
}

export function samplesDecoded(): f64 {
  return <f64>query.decoded;
}

export function results(): f64 {
  return <f64>query.results;
}

/** Appends the samples of one chunk entry, stale markers included. */
export function decodeEntry(start: usize, end: usize, verify: bool): i32 {
  const status = chunk.openEntry(start, end);
  if (status != ok) return status;
  if (verify && !chunk.isIntact()) return corrupt;
  return decodeXor(chunk.dataAt, chunk.dataLength, markNothing, true);
}

/** Bytes of the whole, intact entries that lie one behind the other from `start` on. */
export function intactBytes(start: usize, end: usize): u32 {
  let at = start;
  while (at < end && chunk.openEntry(at, end) != corrupt && chunk.isIntact()) at = chunk.dataAt + chunk.dataLength + 4;
  return <u32>(at - start);
}

/** Most samples of one series in the batch that was looked at last. */
let mostSamples: u32 = 0;
export function samplesOfLongest(): u32 {
  return mostSamples;
}

/**
 * Looks at all entries of a batch before they are decoded: their frames, and the checksums of those not verified before.
 * `entries` holds start and limit of each entry, `unverified` a byte for each, `seriesFrom` the first entry of each series
 * and the end.
 */
export function inspect(entries: usize, unverified: usize, seriesFrom: usize, series: u32): i32 {
  let most: u32 = 0;
  for (let i: u32 = 0; i < series; i++) {
    const until = load<u32>(seriesFrom + (i << 2), 4);
    let sum: u32 = 0;
    for (let entry = load<u32>(seriesFrom + (i << 2)); entry < until; entry++) {
      const status = chunk.openFloats(load<u32>(entries + (entry << 3)), load<u32>(entries + (entry << 3), 4));
      // What is said of an entry holds only where its checksum is right.
      if (status == corrupt) return corrupt;
      if (load<u8>(unverified + entry) != 0 && !chunk.isIntact()) return corrupt;
      if (status != ok) return status;
      sum += chunk.sampleCount();
    }
    most = max(most, sum);
  }
  mostSamples = most;
  return ok;
}

/**
 * Evaluates the query's function for each series of a batch. Rows go to `out`, one behind the other, or, where an
 * operator is given, into the states of the groups that `groupOf` names; `out` is then one row of scratch, and `firsts`
 * keeps the first series of each group that had a value. Series are numbered from `firstSeries`. `replicaOf`, where it is
 * not 0, names the replica of each entry, ascending in each series; `setMerging` was called then.
 */
export function runBatch(
  entries: usize,
  seriesFrom: usize,
  series: u32,
  out: usize,
  queue: usize,
  operator: i32,
  groupOf: usize,
  states: usize,
  firsts: usize,
  firstSeries: u32,
  replicaOf: usize,
): i32 {
  const marks = marksOf(query.windowFunction);
  const steps = query.steps;
  const keepStale = query.windowFunction == lookback;
  const stateBytes = aggregate.stateBytes(steps);
  for (let i: u32 = 0; i < series; i++) {
    const from = load<u32>(seriesFrom + (i << 2));
    const until = load<u32>(seriesFrom + (i << 2), 4);
    let status = overlapping;
    // Of one replica, and in order: as if there were no others.
    if (replicaOf == 0 || from == until || load<u8>(replicaOf + from) == load<u8>(replicaOf + until - 1))
      status = decodeSeries(entries, from, until, marks, keepStale);
    if (status == overlapping && replicaOf != 0)
      status = loadMerged(entries, from, until, replicaOf, marks, keepStale);
    if (status != ok) return status;
    query.addDecoded(columns.count);
    const before = query.results;
    evaluate(out, queue);
    if (operator == aggregate.none) {
      out += steps << 3;
      continue;
    }
    if (query.results == before) continue;
    const group = load<u32>(groupOf + (i << 2));
    if (load<u32>(firsts + (group << 2)) == u32.MAX_VALUE) store<u32>(firsts + (group << 2), firstSeries + i);
    aggregate.addRow(operator, states + group * stateBytes, out, steps);
  }
  return ok;
}

function decodeSeries(entries: usize, from: u32, until: u32, marks: i32, keepStale: bool): i32 {
  columns.startSeries();
  for (let entry = from; entry < until; entry++) {
    let status = chunk.openFloats(load<u32>(entries + (entry << 3)), load<u32>(entries + (entry << 3), 4));
    if (status == ok) {
      if (chunk.encoding == chunk.xor2Encoding) status = decodeXor2(chunk.dataAt, chunk.dataLength, marks, keepStale);
      else if (marks == markResets) status = decodeXor(chunk.dataAt, chunk.dataLength, markResets, false);
      else if (marks == markChanges) status = decodeXor(chunk.dataAt, chunk.dataLength, markChanges, false);
      else if (keepStale) status = decodeXor(chunk.dataAt, chunk.dataLength, markNothing, true);
      else status = decodeXor(chunk.dataAt, chunk.dataLength, markNothing, false);
    }
    if (status != ok) return status;
  }
  return ok;
}

/** Adds rows of `steps` values to the states of their groups, as `runBatch` does with the rows that it makes. */
export function reduceRows(
  rows: usize,
  count: u32,
  steps: u32,
  operator: i32,
  groupOf: usize,
  states: usize,
  firsts: usize,
): void {
  const stateBytes = aggregate.stateBytes(steps);
  for (let i: u32 = 0; i < count; i++, rows += steps << 3) {
    const group = load<u32>(groupOf + (i << 2));
    if (load<u32>(firsts + (group << 2)) == u32.MAX_VALUE && hasValue(rows, steps)) store<u32>(firsts + (group << 2), i);
    aggregate.addRow(operator, states + group * stateBytes, rows, steps);
  }
}

function hasValue(row: usize, steps: u32): bool {
  for (let s: u32 = 0; s < steps; s++) if (load<u64>(row + (s << 3)) != columns.staleMarker) return true;
  return false;
}
