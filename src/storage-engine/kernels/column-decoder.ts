import { Kernel, kernelStatus } from './kernel.ts';

/** Samples as offsets from a base time and the bits of floats, stale markers included. Views: valid until the next call. */
export interface FloatColumns {
  /** Milliseconds after `baseMs`, ascending, from 1. */
  readonly times: Int32Array;
  readonly values: Float64Array;
}

/** Entries of a chunk segment in one range of bytes: entry i is [starts[i], ends[i]). */
export interface ChunkEntries {
  readonly bytes: Uint8Array;
  readonly starts: ArrayLike<number>;
  readonly ends: ArrayLike<number>;
}

const maxSpanMs = 2 ** 31 - 1;

/** Decodes entries of XOR chunks of one series, in ascending order of time, into columns. */
export class ColumnDecoder {
  private readonly kernel = new Kernel();

  /**
   * The samples in (baseMs, lastMs]. Undefined where the kernel does not take the chunks: another encoding, overlap,
   * corrupt bytes, or a span of more than 24.8 days; the readers of `format` say what it is.
   */
  decode(
    entries: ChunkEntries,
    span: { baseMs: number; lastMs: number; verify: boolean },
  ): FloatColumns | undefined {
    const { bytes, starts, ends } = entries;
    const lengthMs = span.lastMs - span.baseMs;
    if (!(lengthMs >= 0 && lengthMs <= maxSpanMs) || !Number.isSafeInteger(span.baseMs)) return undefined;
    const { kernel } = this;
    kernel.release();
    const at = kernel.allocate(bytes.length);
    kernel.bytes(at, bytes.length).set(bytes);
    let capacity = Math.max(1024, starts.length * 128);
    for (;;) {
      const { mark } = kernel;
      const times = kernel.allocate(capacity * 4);
      const values = kernel.allocate(capacity * 8);
      kernel.run.setColumns(times, values, 0, capacity);
      const status = this.append(at, starts, ends, span, lengthMs);
      if (status === kernelStatus.ok) {
        const count = kernel.run.samples();
        return { times: kernel.int32(times, count), values: kernel.float64(values, count) };
      }
      if (status !== kernelStatus.tooManySamples || capacity > starts.length * 65_536) return undefined;
      capacity *= 4;
      kernel.release(mark);
    }
  }

  private append(
    at: number,
    starts: ArrayLike<number>,
    ends: ArrayLike<number>,
    { baseMs, verify }: { baseMs: number; verify: boolean },
    lengthMs: number,
  ): number {
    const { run } = this.kernel;
    run.setSpan(baseMs, lengthMs);
    run.startSeries();
    for (let i = 0; i < starts.length; i++) {
      const status = run.decodeEntry(at + starts[i]!, at + ends[i]!, verify);
      if (status !== kernelStatus.ok) return status;
    }
    return kernelStatus.ok;
  }
}
