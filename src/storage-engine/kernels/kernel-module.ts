import { readFileSync } from 'node:fs';

/** The functions of `assembly/index.ts`. Addresses and lengths are in bytes, times in ms. */
export interface KernelExports {
  heapBase(): number;
  crc32c(bytes: number, length: number): number;
  powersOfTenAt(): number;
  formatFloat(out: number, value: number): number;
  writeRows(
    rows: number,
    count: number,
    steps: number,
    isVector: boolean,
    stepTexts: number,
    labels: number,
    labelEnds: number,
    out: number,
  ): number;
  rowsWritten(): number;
  setColumns(times: number, values: number, marks: number, samples: number): void;
  setSpan(baseMs: number, lastMs: number): void;
  startSeries(): void;
  samples(): number;
  decodeEntry(start: number, end: number, verify: boolean): number;
  setQuery(
    windowFunction: number,
    first: number,
    length: number,
    count: number,
    range: number,
    bounds: number,
  ): void;
  inspect(entries: number, unverified: number, seriesFrom: number, series: number): number;
  samplesOfLongest(): number;
  runBatch(
    entries: number,
    seriesFrom: number,
    series: number,
    out: number,
    queue: number,
    operator: number,
    groupOf: number,
    states: number,
    firsts: number,
    firstSeries: number,
    replicaOf: number,
  ): number;
  mergingBytes(samples: number): number;
  setMerging(at: number, samples: number, marginMs: number, intervalMs: number): void;
  reduceRows(
    rows: number,
    count: number,
    steps: number,
    operator: number,
    groupOf: number,
    states: number,
    firsts: number,
  ): void;
  stateBytes(steps: number): number;
  finishGroup(operator: number, isRoot: boolean, state: number, steps: number): void;
  /** A batch of chunks and its table (`assembly/batch.ts`). */
  setBatch(bytes: number, table: number): void;
  samplesOf(first: number, end: number): number;
  setOutput(bytes: number, bytesEnd: number, rows: number, rowsEnd: number): void;
  outputBytes(): number;
  outputChunks(): number;
  mergeScratchBytes(samples: number, chunks: number): number;
  mergeSeries(
    first: number,
    end: number,
    replicas: number,
    baseMs: number,
    from: number,
    to: number,
    longestIntervalMs: number,
    scratch: number,
    samples: number,
  ): number;
  downsampleScratchBytes(samples: number, windows: number): number;
  downsampleSeries(
    first: number,
    end: number,
    baseMs: number,
    resolutionMs: number,
    rawIntervalMs: number,
    from: number,
    to: number,
    scratch: number,
    samples: number,
    windows: number,
  ): number;
  encodeXor(times: number, values: number, count: number, baseMs: bigint, out: number): number;
  intactBytes(start: number, end: number): number;
  samplesSeen(): number;
  samplesDecoded(): number;
  results(): number;
}

let compiled: WebAssembly.Module | undefined;

/** The compiled kernels; beside this file, or beside the bundle that it is part of. */
export function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(readFileSync(new URL('./kernels.wasm', import.meta.url)));
  return compiled;
}
