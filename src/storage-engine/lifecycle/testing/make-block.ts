import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BlockWriter } from '../../block/block-writer.ts';
import { IndexWalk } from '../../block/index-walk.ts';
import type { BlockMeta } from '../../format/block-meta.ts';
import { ByteReader } from '../../format/byte-reader.ts';
import { ByteWriter } from '../../format/byte-writer.ts';
import { chunkEncoding, chunkLocation, readChunkEntry } from '../../format/chunk.ts';
import { appendChunkEntry } from '../../format/chunk-writer.ts';
import { encodeXorChunk } from '../../format/chunk-xor.ts';
import { framedSection, readIndexToc, tocBytes } from '../../format/index-toc.ts';
import { decodeRaw } from '../rewrite/decoded-chunk.ts';

/** Samples as [millisecond, bits of the value]. */
export type TestSamples = readonly (readonly [number, bigint])[];

export interface TestSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Chunks of float samples, each in the order of time; or chunks that are encoded already. */
  readonly chunks: readonly (TestSamples | EncodedChunk)[];
}

export interface EncodedChunk {
  readonly encoding: number;
  readonly data: Uint8Array;
  readonly minTime: number;
  readonly maxTime: number;
}

const encoder = new TextEncoder();
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const flat = ({ labels }: TestSeries) =>
  Object.entries(labels)
    .sort(([a], [b]) => byBytes(a, b))
    .flat();

/** Writes a block into a folder and returns its meta, which is stored too. */
export function makeBlock(
  root: string,
  series: readonly TestSeries[],
  meta: Omit<BlockMeta, 'stats' | 'version'>,
  options: { segmentBytes?: number; memoryBytes?: number } = {},
): BlockMeta {
  const folder = join(root, meta.ulid);
  const writer = new BlockWriter(folder, { memoryBytes: 1024 * 1024, ...options });
  const texts = [...new Set(series.flatMap(flat))].filter((text) => text !== '').sort(byBytes);
  const symbols = new Map(texts.map((text) => [text, writer.index.addSymbol(encoder.encode(text))]));
  writer.index.finishSymbols();
  const numbers = series.map((each) => ({
    each,
    labels: Uint32Array.from(flat(each), (text) => symbols.get(text) ?? 0),
  }));
  numbers.sort(({ labels: a }, { labels: b }) => {
    for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
    return a.length - b.length;
  });
  for (const { each, labels } of numbers) {
    for (const chunk of each.chunks) {
      const coded = 'data' in chunk ? chunk : encodeFloats(chunk);
      const entry = new ByteWriter();
      appendChunkEntry(entry, coded.encoding, coded.data);
      writer.addChunk(entry.written(), coded);
      writer.numFloatSamples += 'data' in chunk ? 0 : chunk.length;
    }
    writer.endSeries(labels);
  }
  const { stats } = writer.finish();
  const whole: BlockMeta = { ...meta, stats, version: 1 };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'meta.json'), JSON.stringify(whole));
  return whole;
}

function encodeFloats(samples: TestSamples): EncodedChunk {
  const timestamps = Float64Array.from(samples, ([time]) => time);
  const valueBits = BigUint64Array.from(samples, ([, bits]) => bits);
  return {
    encoding: chunkEncoding.xor,
    data: encodeXorChunk({ timestamps, valueBits }),
    minTime: timestamps[0]!,
    maxTime: timestamps.at(-1)!,
  };
}

export interface ReadSeries {
  readonly samples: [number, bigint][];
  readonly chunks: { encoding: number; data: Uint8Array; minTime: number; maxTime: number }[];
}

/** All series of a block in a folder by their labels as JSON, in index order, with their samples and chunks. */
export function readBlock(root: string, ulid: string): Promise<Map<string, ReadSeries>> {
  const folder = join(root, ulid, 'chunks');
  const segments = readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name)));
  return readBlockBytes(ulid, readFileSync(join(root, ulid, 'index')), segments);
}

/** The same of a block's files in memory. */
export async function readBlockBytes(
  ulid: string,
  index: Uint8Array,
  segments: readonly Uint8Array[],
): Promise<Map<string, ReadSeries>> {
  const source = {
    sizeBytes: index.length,
    read: async (offset: number, length: number) => index.subarray(offset, offset + length),
  };
  const toc = readIndexToc(index.subarray(-tocBytes), index.length);
  const reader = new ByteReader(framedSection(index.subarray(toc.symbols, toc.series), 'symbols'), 'symbols');
  const symbols = Array.from({ length: reader.uint32() }, () => reader.text());
  const found = new Map<string, ReadSeries>();
  const walk = await IndexWalk.open(source);
  for await (const { labels, chunks } of walk.series()) {
    const read = chunks.map((chunk) => {
      const { segment, offset } = chunkLocation(chunk.reference);
      return { ...chunk, ...readChunkEntry(segments[segment]!, offset, ulid) };
    });
    const samples = read
      .filter(({ encoding }) => encoding !== chunkEncoding.aggregate)
      .flatMap(({ encoding, data }): [number, bigint][] => {
        const { timestamps, bits } = decodeRaw(encoding, data);
        return [...timestamps].map((time, i) => [time, bits[i]!]);
      });
    const texts = [...labels].map((symbol) => symbols[symbol]!);
    const pairs = texts.flatMap((text, i) => (i % 2 === 0 ? [[text, texts[i + 1]!]] : []));
    found.set(JSON.stringify(Object.fromEntries(pairs)), { samples, chunks: read });
  }
  expectCount(await walk.checkPostings(), found.size);
  return found;
}

function expectCount(listed: number, series: number): void {
  if (listed !== series) throw new Error(`the list of all series names ${listed}, the block has ${series}`);
}
