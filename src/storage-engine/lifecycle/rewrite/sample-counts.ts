import { chunkEncoding } from '../../format/chunk.ts';

/** Samples of a chunk by its header alone; `at` is where its data begin in `bytes`. */
export function sampleCounts(
  encoding: number,
  bytes: Uint8Array,
  at: number,
): { floats: number; histograms: number } {
  const count = (bytes[at]! << 8) | bytes[at + 1]!;
  switch (encoding) {
    case chunkEncoding.xor:
    case chunkEncoding.xor2:
      return { floats: count, histograms: 0 };
    case chunkEncoding.histogramST:
    case chunkEncoding.floatHistogramST:
      return { floats: 0, histograms: count & 0x3fff };
    case chunkEncoding.aggregate: {
      // The first aggregate is the count: its own chunk says how many samples there are.
      let start = at;
      while (bytes[start]! >= 0x80) start++;
      const present = bytes[at] !== 0;
      return { floats: present ? (bytes[start + 2]! << 8) | bytes[start + 3]! : 0, histograms: 0 };
    }
    default:
      return { floats: 0, histograms: count };
  }
}
