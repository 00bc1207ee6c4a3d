import { readFileSync } from 'node:fs';

/** The functions of `assembly/index.ts`. Addresses and lengths are in bytes, times in ms. */
export interface KernelExports {
  heapBase(): number;
  crc32c(bytes: number, length: number): number;
  setColumns(times: number, values: number, marks: number, samples: number): void;
  setSpan(baseMs: number, lastMs: number): void;
  startSeries(): void;
  samples(): number;
  decodeEntry(start: number, end: number, verify: boolean): number;
}

let compiled: WebAssembly.Module | undefined;

/** The compiled kernels; beside this file, or beside the bundle that it is part of. */
export function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(readFileSync(new URL('./kernels.wasm', import.meta.url)));
  return compiled;
}
