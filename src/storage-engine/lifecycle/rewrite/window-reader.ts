import { CorruptDataError } from '../../../base/errors.ts';
import type { InputSource } from './input-source.ts';
import { headroomBytes } from './input-source.ts';

/**
 * Reads a part of an object from its start to its end through a window, the next piece being fetched while this one is
 * used. What lies in the window is read without waiting: callers ask `has` and wait for `load` only where it is not.
 */
export class WindowReader {
  /** Bytes of the window; position p lies at `bytes[p - start]`. */
  bytes: Uint8Array = new Uint8Array(0);
  start: number;
  readonly end: number;
  private readonly source: InputSource;
  private readonly windowBytes: number;
  private readonly what: string;
  private ahead: { from: number; piece: Promise<Uint8Array> } | undefined;

  constructor(source: InputSource, start: number, end: number, windowBytes: number, what: string) {
    this.source = source;
    this.start = start;
    this.end = end;
    this.windowBytes = windowBytes;
    this.what = what;
  }

  /** Whether [position, position + length), or what of it lies before the end, is in the window. */
  has(position: number, length: number): boolean {
    return position >= this.start && Math.min(position + length, this.end) <= this.start + this.bytes.length;
  }

  /** Moves the window so that it begins at `position` and holds `length` bytes, fewer only at the end. */
  async load(position: number, length: number): Promise<void> {
    if (position > this.end) throw new CorruptDataError(`${this.what}: ${position} lies beyond its end`);
    const wanted = Math.min(Math.max(length, this.windowBytes), this.end - position);
    const windowEnd = this.start + this.bytes.length;
    const kept =
      position >= this.start && position < windowEnd
        ? this.bytes.subarray(position - this.start)
        : new Uint8Array(0);
    const from = position + kept.length;
    let fresh: Uint8Array | undefined;
    if (this.ahead?.from === from) fresh = await this.ahead.piece;
    this.ahead = undefined;
    const have = kept.length + (fresh?.length ?? 0);
    const rest = Math.min(length, this.end - position) - have;
    const more =
      rest > 0 || fresh === undefined
        ? await this.read(position + have, Math.max(rest, fresh === undefined ? wanted - have : 0))
        : undefined;
    this.bytes =
      more === undefined ? joined(kept, fresh!) : Buffer.concat([kept, fresh ?? kept.subarray(0, 0), more]);
    this.start = position;
    const next = position + this.bytes.length;
    if (next < this.end) {
      const piece = this.read(next, Math.min(this.windowBytes, this.end - next));
      // A failure is told to whoever needs the bytes.
      piece.catch(() => undefined);
      this.ahead = { from: next, piece };
    }
  }

  private async read(position: number, length: number): Promise<Uint8Array> {
    if (length <= 0) return new Uint8Array(0);
    const bytes = await this.source.read(position, length, headroomBytes);
    if (bytes.length < length)
      throw new CorruptDataError(
        `${this.what}: ends at ${position + bytes.length}, before ${position + length}`,
      );
    return bytes;
  }
}

/** Both one behind the other: what is kept of the last window goes into the room before the fresh bytes where it can. */
function joined(kept: Uint8Array, fresh: Uint8Array): Uint8Array {
  if (kept.length === 0) return fresh;
  if (kept.length > headroomBytes || fresh.byteOffset < headroomBytes) return Buffer.concat([kept, fresh]);
  const start = fresh.byteOffset - kept.length;
  const whole = new Uint8Array(fresh.buffer, start, kept.length + fresh.length);
  whole.set(kept);
  return whole;
}
