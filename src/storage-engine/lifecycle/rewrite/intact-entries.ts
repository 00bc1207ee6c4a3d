import { Kernel } from '../../kernels/kernel.ts';

const leastBytes = 4 * 1024;
const mostBytes = 256 * 1024;

/** Where an entry lies in its window. */
interface Place {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** A stretch of a window whose entries have been verified. */
interface Stretch {
  bytes: Uint8Array;
  from: number;
  to: number;
  size: number;
}

/**
 * Verifies checksums of entries that lie one behind the other by the kernels, ahead of those that are asked for: more the
 * longer they are read in that order.
 */
export class IntactEntries {
  private readonly kernel = new Kernel();
  private readonly at = this.kernel.allocate(mostBytes);
  private readonly known: Stretch[] = [];

  /** Whether an entry in a window of input `number` is intact; false also where it is larger than is looked at ahead. */
  has(number: number, { bytes, start, end }: Place): boolean {
    let stretch = this.known[number];
    if (stretch?.bytes === bytes && start >= stretch.from && end <= stretch.to) return true;
    if (stretch === undefined) {
      stretch = { bytes, from: 0, to: 0, size: leastBytes };
      this.known[number] = stretch;
    }
    if (stretch.bytes === bytes)
      stretch.size =
        start === stretch.to ? Math.min(stretch.size * 2, mostBytes) : Math.max(stretch.size / 4, leastBytes);
    const length = Math.min(mostBytes, Math.max(end - start, Math.min(stretch.size, bytes.length - start)));
    this.kernel.bytes(this.at, length).set(bytes.subarray(start, start + length));
    stretch.bytes = bytes;
    stretch.from = start;
    stretch.to = start + (this.kernel.run.intactBytes(this.at, this.at + length) >>> 0);
    return end <= stretch.to;
  }
}
