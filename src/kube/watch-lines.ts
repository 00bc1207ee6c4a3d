import { LimitExceededError } from '../base/errors.ts';

/**
 * Splits a byte stream into lines. A rest without a newline is never given out: a severed stream may have cut it,
 * and the server sends it again after resuming.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  readonly #decoder = new TextDecoder();
  #parts: Uint8Array[] = [];
  #restBytes = 0;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** The lines that `chunk` completes, without their newlines and without empty ones. */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(10, start);
      if (end < 0) break;
      const line = this.#complete(chunk.subarray(start, end));
      if (line !== '') lines.push(line);
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  #complete(last: Uint8Array): string {
    this.#keep(last);
    const bytes = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts, this.#restBytes);
    this.#parts = [];
    this.#restBytes = 0;
    return bytes === undefined ? '' : this.#decoder.decode(bytes);
  }

  #keep(part: Uint8Array): void {
    if (part.byteLength === 0) return;
    this.#restBytes += part.byteLength;
    if (this.#restBytes > this.#maxLineBytes) {
      throw new LimitExceededError(`an event of a watch is larger than ${this.#maxLineBytes} bytes`);
    }
    this.#parts.push(part);
  }
}
