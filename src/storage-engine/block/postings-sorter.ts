import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes of memory that one row takes while it is sorted: three numbers, twice. */
const rowBytes = 24;
const firstRows = 64 * 1024;
const mergeReadRows = 16 * 1024;

/**
 * Sorts (label name, label value, series) by name and value, series staying in the order in which they were added. Names
 * and values are numbers of symbols, so that numeric order is byte order. What exceeds the memory is sorted in parts that
 * are kept in files and merged at the end.
 */
export class PostingsSorter {
  private readonly folder: string;
  private readonly maxRows: number;
  private columns: Columns;
  private rows = 0;
  private readonly spilled: string[] = [];

  constructor(folder: string, memoryBytes: number) {
    this.folder = folder;
    this.maxRows = Math.max(1024, Math.floor(memoryBytes / rowBytes));
    this.columns = makeColumns(Math.min(firstRows, this.maxRows));
  }

  add(name: number, value: number, series: number): void {
    if (this.rows === this.columns.name.length) this.grow();
    this.columns.name[this.rows] = name;
    this.columns.value[this.rows] = value;
    this.columns.series[this.rows++] = series;
  }

  private grow(): void {
    if (this.rows >= this.maxRows) {
      this.spill();
      return;
    }
    const grown = makeColumns(Math.min(this.maxRows, this.rows * 2));
    grown.name.set(this.columns.name);
    grown.value.set(this.columns.value);
    grown.series.set(this.columns.series);
    this.columns = grown;
  }

  private spill(): void {
    const sorted = sortColumns(this.columns, this.rows);
    const path = join(this.folder, `postings-${this.spilled.length}`);
    const file = openSync(path, 'w');
    for (let at = 0; at < this.rows; at += mergeReadRows) {
      const count = Math.min(mergeReadRows, this.rows - at);
      const block = new Uint32Array(count * 3);
      block.set(sorted.name.subarray(at, at + count));
      block.set(sorted.value.subarray(at, at + count), count);
      block.set(sorted.series.subarray(at, at + count), count * 2);
      writeSync(file, new Uint8Array(block.buffer));
    }
    closeSync(file);
    this.spilled.push(path);
    this.rows = 0;
  }

  /** Calls back for each row in order. The sorter is used up afterwards. */
  forEach(visit: (name: number, value: number, series: number) => void): void {
    const sorted = sortColumns(this.columns, this.rows);
    if (this.spilled.length === 0) {
      for (let i = 0; i < this.rows; i++) visit(sorted.name[i]!, sorted.value[i]!, sorted.series[i]!);
      return;
    }
    const runs: Run[] = [...this.spilled.map((path) => new FileRun(path)), new MemoryRun(sorted, this.rows)];
    let live = runs.filter((run) => run.next());
    while (live.length > 0) {
      // Runs are in the order of their series, so that of equal keys the earliest run goes first.
      let best = live[0]!;
      for (const run of live)
        if (run.name < best.name || (run.name === best.name && run.value < best.value)) best = run;
      const { name, value } = best;
      let more = true;
      while (more && best.name === name && best.value === value) {
        visit(name, value, best.series);
        more = best.next();
      }
      if (!more) live = live.filter((run) => run !== best);
    }
  }

  close(): void {
    for (const path of this.spilled) rmSync(path, { force: true });
  }
}

interface Columns {
  readonly name: Uint32Array;
  readonly value: Uint32Array;
  readonly series: Uint32Array;
}

function makeColumns(rows: number): Columns {
  return { name: new Uint32Array(rows), value: new Uint32Array(rows), series: new Uint32Array(rows) };
}

/** Stable radix sort by value and then by name, 16 bits a pass. */
function sortColumns(columns: Columns, rows: number): Columns {
  let from = columns;
  let to = makeColumns(rows);
  for (const [key, shift] of [
    ['value', 0],
    ['value', 16],
    ['name', 0],
    ['name', 16],
  ] as const) {
    const counts = new Uint32Array(65_537);
    const keys = from[key];
    for (let i = 0; i < rows; i++) counts[((keys[i]! >>> shift) & 0xffff) + 1]!++;
    if (counts[(((keys[0] ?? 0) >>> shift) & 0xffff) + 1] === rows) continue;
    for (let i = 1; i < counts.length; i++) counts[i]! += counts[i - 1]!;
    for (let i = 0; i < rows; i++) {
      const at = counts[(keys[i]! >>> shift) & 0xffff]!++;
      to.name[at] = from.name[i]!;
      to.value[at] = from.value[i]!;
      to.series[at] = from.series[i]!;
    }
    const next = from === columns ? makeColumns(rows) : from;
    from = to;
    to = next;
  }
  return from;
}

interface Run {
  name: number;
  value: number;
  series: number;
  next(): boolean;
}

class MemoryRun implements Run {
  name = 0;
  value = 0;
  series = 0;
  private at = 0;
  private readonly columns: Columns;
  private readonly rows: number;

  constructor(columns: Columns, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  next(): boolean {
    if (this.at === this.rows) return false;
    this.name = this.columns.name[this.at]!;
    this.value = this.columns.value[this.at]!;
    this.series = this.columns.series[this.at++]!;
    return true;
  }
}

class FileRun implements Run {
  name = 0;
  value = 0;
  series = 0;
  private block = new Uint32Array(0);
  private count = 0;
  private at = 0;
  private readonly file: number;

  constructor(path: string) {
    this.file = openSync(path, 'r');
  }

  next(): boolean {
    if (this.at === this.count) {
      const bytes = new Uint8Array(mergeReadRows * 12);
      let filled = 0;
      while (filled < bytes.length) {
        const got = readSync(this.file, bytes, filled, bytes.length - filled, null);
        if (got === 0) break;
        filled += got;
      }
      this.count = filled / 12;
      this.at = 0;
      if (filled === 0) {
        closeSync(this.file);
        return false;
      }
      this.block = new Uint32Array(bytes.buffer, 0, filled / 4);
    }
    this.name = this.block[this.at]!;
    this.value = this.block[this.count + this.at]!;
    this.series = this.block[this.count * 2 + this.at++]!;
    return true;
  }
}
