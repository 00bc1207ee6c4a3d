import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { CodedError } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import type { Random } from '../../../base/random.ts';
import { BlockWriter } from '../../../storage-engine/block/block-writer.ts';
import { newUlid } from '../../../storage-engine/block/ulid.ts';
import { type BlockMeta, encodeBlockMeta } from '../../../storage-engine/format/block-meta.ts';
import { ByteWriter } from '../../../storage-engine/format/byte-writer.ts';
import { chunkEncoding } from '../../../storage-engine/format/chunk.ts';
import { appendChunkEntry } from '../../../storage-engine/format/chunk-writer.ts';
import type { RemoteQuery, RemoteSeries } from '../../../storage-engine/format/remote-read.ts';

/** Streams series of a live server, ordered by their own labels; `LiveClient` is one. */
export interface SeriesStream {
  read(query: RemoteQuery, signal: AbortSignal): AsyncIterable<RemoteSeries>;
}

export interface CutOptions {
  readonly startMs: number;
  readonly endMs: number;
  /** External labels, which the server attaches and a block must not hold. */
  readonly external: Readonly<Record<string, string>>;
  /** Folder that the block is made in, under its ULID. */
  readonly parent: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/**
 * Writes one block of everything that a server holds from `startMs` to `endMs`, out-of-order samples too, which a snapshot by
 * Prometheus's own API leaves out: a remote read gives both merged. Read twice, for the symbols and for the series, so the
 * server must not take samples meanwhile. The block appears under its name when it is whole.
 */
export async function cutHead(stream: SeriesStream, options: CutOptions): Promise<string> {
  const { external, parent, clock, random, signal } = options;
  // A selector without matchers selects nothing in Prometheus; this one selects series without a name too.
  const matchers = [{ name: '__name__', op: '=~', value: '.*' }] as const;
  const query = { startMs: options.startMs, endMs: options.endMs, matchers };
  const own = ({ labels }: RemoteSeries) => labels.filter(([name, value]) => external[name] !== value).flat();
  const texts = new Set<string>();
  for await (const series of stream.read(query, signal)) for (const text of own(series)) texts.add(text);
  texts.delete('');
  const sorted = [...texts].map((text) => ({ text, bytes: Buffer.from(text) }));
  sorted.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  const ulid = newUlid(clock.nowMs(), random);
  const partial = join(parent, `${ulid}.tmp`);
  await rm(parent, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  const writer = new BlockWriter(partial, { memoryBytes: limits.cutMemoryBytes });
  const symbols = new Map(sorted.map(({ text, bytes }) => [text, writer.index.addSymbol(bytes)]));
  writer.index.finishSymbols();
  const entry = new ByteWriter(4096);
  let [minTime, maxTime] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let before: Uint32Array | undefined;
  for await (const series of stream.read(query, signal)) {
    const labels = Uint32Array.from(own(series), (text) => {
      const symbol = text === '' ? 0 : symbols.get(text);
      if (symbol === undefined) throw changed('a series appeared');
      return symbol;
    });
    if (before !== undefined && compare(before, labels) >= 0)
      throw changed('two series differ in an external label alone, or came out of order');
    before = labels;
    for (const chunk of series.chunks) {
      entry.clear();
      appendChunkEntry(entry, chunk.encoding, chunk.data);
      writer.addChunk(entry.written(), chunk);
      const samples = chunk.data[0]! * 256 + chunk.data[1]!;
      if (chunk.encoding === chunkEncoding.xor || chunk.encoding === chunkEncoding.xor2)
        writer.numFloatSamples += samples;
      else writer.numHistogramSamples += samples;
      minTime = Math.min(minTime, chunk.minTime);
      maxTime = Math.max(maxTime, chunk.maxTime);
    }
    writer.endSeries(labels);
  }
  const { stats } = writer.finish();
  if (stats.numSamples === 0) throw changed('the server says that it holds samples and gives none');
  const meta: BlockMeta = {
    ulid,
    minTime,
    maxTime: maxTime + 1,
    stats,
    compaction: { level: 1, sources: [ulid] },
    version: 1,
  };
  await writeFile(join(partial, 'meta.json'), encodeBlockMeta(meta), { flush: true });
  await rename(partial, join(parent, ulid));
  return ulid;
}

function changed(why: string): CodedError {
  return new CodedError('BlockRefused', `the rest of the samples cannot be cut into a block: ${why}`);
}

function compare(a: Uint32Array, b: Uint32Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
