import { CorruptDataError } from '../../../base/errors.ts';
import { crc32c } from '../../format/crc32c.ts';
import { compareBytes } from '../../format/index-symbols.ts';
import type { WindowReader } from './window-reader.ts';

const maxPrefixBytes = 5;

/** The symbols of one index in their order, read from the section that `reader` covers. */
export class SymbolInput {
  /** The current symbol; valid until the next call. */
  text: Uint8Array = new Uint8Array(0);
  /** Its byte offset in the index: how version 1 refers to it. */
  offset = 0;
  private readonly reader: WindowReader;
  private position: number;
  private end = 0;
  private crc = 0;
  private left = 0;
  count = 0;

  /** Number of the current symbol. */
  get number(): number {
    return this.count - this.left - 1;
  }

  constructor(reader: WindowReader) {
    this.reader = reader;
    this.position = reader.start;
  }

  async open(): Promise<void> {
    await this.reader.load(this.position, 8);
    const view = this.view();
    const length = view.getUint32(0);
    this.count = view.getUint32(4);
    this.left = this.count;
    this.end = this.position + 4 + length;
    if (this.end + 4 > this.reader.end || this.count > length)
      throw new CorruptDataError(`index symbols: ${this.count} in ${length} bytes lie beyond their section`);
    this.crc = this.checksum(this.position + 4, this.position + 8);
    this.position += 8;
  }

  /** Moves to the next symbol where it is in the window: true, false at the end, undefined where `load` is needed. */
  tryNext(): boolean | undefined {
    if (this.left === 0) return this.reader.has(this.position, 4) ? this.finish() : undefined;
    if (!this.reader.has(this.position, maxPrefixBytes)) return undefined;
    const { bytes, start } = this.reader;
    let at = this.position - start;
    let length = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      if (scale > 2 ** 28) throw new CorruptDataError(`index symbols: no length at ${this.position}`);
    }
    const next = start + at + length;
    if (next > this.end) throw new CorruptDataError(`index symbols: symbol at ${this.position} is cut off`);
    if (!this.reader.has(this.position, next - this.position)) {
      this.wanted = next - this.position;
      return undefined;
    }
    const text = bytes.subarray(at, at + length);
    if (this.left < this.count && compareBytes(this.previous, text) >= 0)
      throw new CorruptDataError(`index symbols: symbol at ${this.position} is not above the one before`);
    this.crc = crc32c(bytes, this.position - start, at + length, this.crc);
    this.previous = text;
    this.text = text;
    this.offset = this.position;
    this.position = next;
    this.left--;
    return true;
  }

  private wanted = 0;
  private previous: Uint8Array = new Uint8Array(0);

  async load(): Promise<void> {
    this.previous = this.previous.slice();
    this.text = this.text.slice();
    await this.reader.load(this.position, Math.max(64, this.wanted));
    this.wanted = 0;
  }

  private finish(): false {
    const stored = this.view().getUint32(0);
    if (this.position !== this.end || stored !== this.crc)
      throw new CorruptDataError(
        `index symbols: checksum is 0x${this.crc.toString(16)}, stored is 0x${stored.toString(16)}`,
      );
    return false;
  }

  private view(): DataView {
    const { bytes, start } = this.reader;
    return new DataView(bytes.buffer, bytes.byteOffset + this.position - start);
  }

  private checksum(from: number, to: number): number {
    const { bytes, start } = this.reader;
    return crc32c(bytes, from - start, to - start, this.crc);
  }
}
