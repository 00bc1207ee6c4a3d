import { CorruptDataError } from '../../base/errors.ts';

/** Hears of the series of streamed frames without an object for any of them. Ranges are [start, end) of the message. */
export interface ChunkedSeriesVisitor {
  label(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void;
  /** All labels of the series are known. */
  labelsEnd(): void;
  chunk(minTimeMs: number, maxTimeMs: number, encoding: number, dataStart: number, dataEnd: number): void;
}

/** Visits the series of one frame's message (ChunkedReadResponse of Prometheus prompb/remote.proto). */
export function visitChunkedSeries(message: Uint8Array, visitor: ChunkedSeriesVisitor): void {
  const fields = new Fields(message, 0, message.length);
  while (fields.next()) {
    if (fields.field !== 1) continue;
    fields.needBytes();
    visitSeries(message, fields.start, fields.end, visitor);
  }
}

function visitSeries(message: Uint8Array, start: number, end: number, visitor: ChunkedSeriesVisitor): void {
  const labels = new Fields(message, start, end);
  while (labels.next()) {
    if (labels.field !== 1) continue;
    labels.needBytes();
    const pair = new Fields(message, labels.start, labels.end);
    let [nameStart, nameEnd, valueStart, valueEnd] = [0, 0, 0, 0];
    while (pair.next()) {
      if (pair.field !== 1 && pair.field !== 2) continue;
      pair.needBytes();
      if (pair.field === 1) [nameStart, nameEnd] = [pair.start, pair.end];
      else [valueStart, valueEnd] = [pair.start, pair.end];
    }
    visitor.label(nameStart, nameEnd, valueStart, valueEnd);
  }
  visitor.labelsEnd();
  const chunks = new Fields(message, start, end);
  while (chunks.next()) {
    if (chunks.field !== 2) continue;
    chunks.needBytes();
    const chunk = new Fields(message, chunks.start, chunks.end);
    let [minTime, maxTime, encoding, dataStart, dataEnd] = [0, 0, 0, 0, 0];
    while (chunk.next()) {
      if (chunk.field === 1) minTime = chunk.integer();
      else if (chunk.field === 2) maxTime = chunk.integer();
      else if (chunk.field === 3) encoding = chunk.integer();
      else if (chunk.field === 4) {
        chunk.needBytes();
        [dataStart, dataEnd] = [chunk.start, chunk.end];
      }
    }
    visitor.chunk(minTime, maxTime, encoding, dataStart, dataEnd);
  }
}

/** A walk over the fields of one message. */
class Fields {
  field = 0;
  /** Bytes of a field of wire type 2. */
  start = 0;
  end = 0;
  private low = 0;
  private high = 0;
  private wire = 0;
  private position: number;
  private readonly bytes: Uint8Array;
  private readonly limit: number;

  constructor(bytes: Uint8Array, start: number, limit: number) {
    this.bytes = bytes;
    this.position = start;
    this.limit = limit;
  }

  next(): boolean {
    if (this.position >= this.limit) return false;
    this.varint();
    if (this.high !== 0) throw this.corrupt('a tag beyond 32 bits');
    this.wire = this.low & 7;
    this.field = this.low >>> 3;
    if (this.wire === 0) this.varint();
    else if (this.wire === 2) {
      this.varint();
      this.start = this.position;
      this.skip(this.unsigned());
      this.end = this.position;
    } else if (this.wire === 1) this.skip(8);
    else if (this.wire === 5) this.skip(4);
    else throw this.corrupt(`wire type ${this.wire}`);
    return true;
  }

  needBytes(): void {
    if (this.wire !== 2) throw this.corrupt(`field ${this.field} has another wire type`);
  }

  /** A signed 64-bit integer that is exact in a double. */
  integer(): number {
    if (this.wire !== 0) throw this.corrupt(`field ${this.field} has another wire type`);
    const { low, high } = this;
    // Two's complement by halves: a double has not all digits of a number near 2^64.
    const value =
      high >= 2 ** 31 ? -((2 ** 32 - 1 - high) * 2 ** 32 + (2 ** 32 - low)) : high * 2 ** 32 + low;
    if (!Number.isSafeInteger(value)) throw this.corrupt('integer beyond 2^53');
    return value;
  }

  private unsigned(): number {
    const value = this.high * 2 ** 32 + this.low;
    if (!Number.isSafeInteger(value)) throw this.corrupt('integer beyond 2^53');
    return value;
  }

  private skip(length: number): void {
    if (length > this.limit - this.position) throw this.corrupt(`${length} bytes wanted`);
    this.position += length;
  }

  /** Reads an LEB128 of at most ten bytes as two halves of 32 bits. */
  private varint(): void {
    const { bytes, limit } = this;
    // Nearly all of them are short.
    if (this.position < limit && bytes[this.position]! < 0x80) {
      this.low = bytes[this.position++]!;
      this.high = 0;
      return;
    }
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      if (this.position >= limit) throw this.corrupt('a varint is cut off');
      const byte = bytes[this.position++]!;
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else if (i < 9) high |= bits << (7 * i - 32);
      else high |= bits << 31;
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw this.corrupt('a varint is longer than ten bytes');
  }

  private corrupt(reason: string): CorruptDataError {
    return new CorruptDataError(`chunked read response: ${reason} at offset ${this.position}`);
  }
}
