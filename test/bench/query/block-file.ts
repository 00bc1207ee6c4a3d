import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '../../../src/storage-engine/format/crc32c.ts';

/** Bytes that grow. Integers are big-endian, as in blocks. */
class Bytes {
  buffer: Buffer;
  length = 0;

  constructor(capacity: number) {
    this.buffer = Buffer.allocUnsafe(capacity);
  }

  private room(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const next = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + count));
    this.buffer.copy(next, 0, 0, this.length);
    this.buffer = next;
  }

  uint8(value: number): void {
    this.room(1);
    this.buffer[this.length++] = value;
  }

  uint32(value: number): void {
    this.room(4);
    this.length = this.buffer.writeUInt32BE(value, this.length);
  }

  uint64(value: number): void {
    this.uint32(Math.floor(value / 2 ** 32));
    this.uint32(value % 2 ** 32);
  }

  uvarint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.uint8((rest % 128) | 0x80);
    this.uint8(rest);
  }

  varint(value: number): void {
    this.uvarint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  raw(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  text(text: string): void {
    const bytes = Buffer.from(text);
    this.uvarint(bytes.length);
    this.raw(bytes);
  }

  pad(alignment: number): void {
    while (this.length % alignment !== 0) this.uint8(0);
  }

  checksum(from: number): void {
    this.uint32(crc32c(this.buffer, from, this.length));
  }

  get bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }
}

export type LabelPairs = readonly (readonly [name: string, value: string])[];

interface Chunk {
  readonly minMs: number;
  readonly maxMs: number;
  readonly offset: number;
}

/** Writes one block with XOR chunks: index v2, one segment. Series come in the order of their labels. */
export class BlockFile {
  readonly minMs: number;
  readonly maxMs: number;
  private readonly segment = new Bytes(1 << 24);
  private readonly series: { readonly labels: LabelPairs; readonly chunks: Chunk[] }[] = [];
  private samples = 0;

  constructor(minMs: number, maxMs: number) {
    this.minMs = minMs;
    this.maxMs = maxMs;
    for (const word of [0x85bd40dd, 0x01000000]) this.segment.uint32(word);
  }

  /** The next chunk of a series; equal label lists are one series while they follow each other. */
  add(labels: LabelPairs, data: Uint8Array, minMs: number, maxMs: number, samples: number): void {
    const { segment } = this;
    const offset = segment.length;
    segment.uvarint(data.length);
    const from = segment.length;
    segment.uint8(1);
    segment.raw(data);
    segment.checksum(from);
    const last = this.series.at(-1);
    if (last?.labels === labels) last.chunks.push({ minMs, maxMs, offset });
    else this.series.push({ labels, chunks: [{ minMs, maxMs, offset }] });
    this.samples += samples;
  }

  /** Writes the block's folder. */
  write(folder: string, ulid: string, level: number): void {
    const to = join(folder, ulid);
    mkdirSync(join(to, 'chunks'), { recursive: true });
    writeFileSync(join(to, 'chunks', '000001'), this.segment.bytes);
    writeFileSync(join(to, 'index'), this.index());
    const numChunks = this.series.reduce((sum, { chunks }) => sum + chunks.length, 0);
    const meta = {
      ulid,
      minTime: this.minMs,
      maxTime: this.maxMs,
      stats: { numSamples: this.samples, numSeries: this.series.length, numChunks },
      compaction: { level, sources: [ulid] },
      version: 1,
    };
    writeFileSync(join(to, 'meta.json'), JSON.stringify(meta));
  }

  private index(): Buffer {
    const out = new Bytes(1 << 24);
    const section = (write: () => void): number => {
      const begin = out.length;
      out.uint32(0);
      write();
      out.buffer.writeUInt32BE(out.length - begin - 4, begin);
      out.checksum(begin + 4);
      return begin;
    };
    out.uint32(0xbaaad700);
    out.uint8(2);
    const symbols = [...new Set(['', ...this.series.flatMap(({ labels }) => labels.flat())])]
      .map((text) => ({ text, bytes: Buffer.from(text) }))
      .sort((a, b) => Buffer.compare(a.bytes, b.bytes));
    const symbolOf = new Map(symbols.map(({ text }, i) => [text, i]));
    const symbolsAt = section(() => {
      out.uint32(symbols.length);
      for (const { text } of symbols) out.text(text);
    });
    out.pad(16);
    const seriesAt = out.length;
    const postings = new Map<string, Map<string, number[]>>();
    const all: number[] = [];
    for (const { labels, chunks } of this.series) {
      out.pad(16);
      const reference = out.length / 16;
      all.push(reference);
      for (const [name, value] of labels) listOf(postings, name, value).push(reference);
      const entry = seriesEntry(labels, chunks, symbolOf);
      out.uvarint(entry.length);
      const from = out.length;
      out.raw(entry.bytes);
      out.checksum(from);
    }
    out.pad(4);
    const labelIndexAt = out.length;
    const postingsAt = out.length;
    const table: [string, string, number][] = [];
    const writeList = (name: string, value: string, list: readonly number[]) => {
      out.pad(4);
      const begin = section(() => {
        out.uint32(list.length);
        for (const reference of list) out.uint32(reference);
      });
      table.push([name, value, begin]);
    };
    writeList('', '', all);
    const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    for (const name of [...postings.keys()].sort(byBytes)) {
      const values = postings.get(name)!;
      for (const value of [...values.keys()].sort(byBytes)) writeList(name, value, values.get(value)!);
    }
    const labelTableAt = section(() => out.uint32(0));
    const tableAt = section(() => {
      out.uint32(table.length);
      for (const [name, value, offset] of table) {
        out.uint8(2);
        out.text(name);
        out.text(value);
        out.uvarint(offset);
      }
    });
    const contentsAt = out.length;
    for (const at of [symbolsAt, seriesAt, labelIndexAt, labelTableAt, postingsAt, tableAt]) out.uint64(at);
    out.checksum(contentsAt);
    return out.bytes;
  }
}

function listOf(postings: Map<string, Map<string, number[]>>, name: string, value: string): number[] {
  let values = postings.get(name);
  if (values === undefined) {
    values = new Map();
    postings.set(name, values);
  }
  let list = values.get(value);
  if (list === undefined) {
    list = [];
    values.set(value, list);
  }
  return list;
}

function seriesEntry(
  labels: LabelPairs,
  chunks: readonly Chunk[],
  symbolOf: ReadonlyMap<string, number>,
): Bytes {
  const entry = new Bytes(1024);
  entry.uvarint(labels.length);
  for (const [name, value] of labels) {
    entry.uvarint(symbolOf.get(name)!);
    entry.uvarint(symbolOf.get(value)!);
  }
  entry.uvarint(chunks.length);
  chunks.forEach(({ minMs, maxMs, offset }, i) => {
    const before = chunks[i - 1];
    if (before === undefined) {
      entry.varint(minMs);
      entry.uvarint(maxMs - minMs);
      entry.uvarint(offset);
    } else {
      entry.uvarint(minMs - before.maxMs);
      entry.uvarint(maxMs - minMs);
      entry.varint(offset - before.offset);
    }
  });
  return entry;
}
