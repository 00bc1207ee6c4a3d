import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { CorruptDataError } from '../../../base/errors.ts';

const pageRows = 16 * 1024;

/** Numbers of one input's symbols in the output, by their numbers in the input. */
export interface SymbolNumbers {
  get(symbol: number): number;
  /** Sets the number of the next symbol. */
  push(value: number): void;
  seal(): void;
  close(): void;
}

/** From a symbol's number in an input to its number in the output. Above its share of memory it lies in a file. */
export class SymbolMap implements SymbolNumbers {
  private readonly memory: Uint32Array | undefined;
  private readonly file: number = -1;
  private readonly path: string;
  private readonly pages = new Map<number, Uint32Array>();
  private readonly maxPages: number;
  private readonly count: number;
  private filling = new Uint32Array(0);
  private filled = 0;

  constructor(count: number, path: string, memoryBytes: number) {
    this.count = count;
    this.path = path;
    this.maxPages = Math.max(4, Math.floor(memoryBytes / (pageRows * 4)));
    if (count * 4 <= memoryBytes) {
      this.memory = new Uint32Array(count);
    } else {
      this.file = openSync(path, 'w+');
      this.filling = new Uint32Array(pageRows);
    }
  }

  /** Sets the number of the next symbol. */
  push(value: number): void {
    if (this.memory !== undefined) {
      this.memory[this.filled++] = value;
      return;
    }
    this.filling[this.filled++ % pageRows] = value;
    if (this.filled % pageRows === 0) this.flush(pageRows);
  }

  private flush(rows: number): void {
    const bytes = new Uint8Array(this.filling.buffer, 0, rows * 4);
    writeSync(this.file, bytes, 0, bytes.length, (this.filled - rows) * 4);
  }

  seal(): void {
    if (this.memory === undefined && this.filled % pageRows !== 0) this.flush(this.filled % pageRows);
  }

  get(symbol: number): number {
    if (symbol >= this.count)
      throw new CorruptDataError(`index: a series has symbol ${symbol} of ${this.count}`);
    if (this.memory !== undefined) return this.memory[symbol]!;
    const number = Math.floor(symbol / pageRows);
    let page = this.pages.get(number);
    if (page === undefined) {
      if (this.pages.size >= this.maxPages) this.pages.delete(this.pages.keys().next().value!);
      page = new Uint32Array(pageRows);
      readSync(this.file, new Uint8Array(page.buffer), 0, pageRows * 4, number * pageRows * 4);
      this.pages.set(number, page);
    }
    return page[symbol % pageRows]!;
  }

  close(): void {
    if (this.file < 0) return;
    closeSync(this.file);
    rmSync(this.path, { force: true });
  }
}
