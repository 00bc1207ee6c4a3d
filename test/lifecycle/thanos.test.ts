import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { seededRandom } from '../../src/base/random.ts';
import { FilesystemBucket } from '../../src/storage-engine/bucket/filesystem-bucket.ts';
import {
  type Aggregate,
  type AggregatePart,
  decodeAggregateChunk,
} from '../../src/storage-engine/format/aggregate-chunk.ts';
import { type BlockMeta, blockResolutionMs } from '../../src/storage-engine/format/block-meta.ts';
import { encodeHistogramChunk } from '../../src/storage-engine/format/chunk-histogram-writer.ts';
import { staleMarkerBits } from '../../src/storage-engine/format/chunk-xor.ts';
import { bitsOfFloat, spansOf } from '../../src/storage-engine/format/histogram-layout.ts';
import { openCompactor } from '../../src/storage-engine/lifecycle/compactor/open-compactor.ts';
import { histogramOf } from '../../src/storage-engine/lifecycle/downsample/histogram-aggregates.ts';
import { decodeRaw } from '../../src/storage-engine/lifecycle/rewrite/decoded-chunk.ts';
import {
  type EncodedChunk,
  makeBlock,
  readBlock,
  type TestSeries,
} from '../../src/storage-engine/lifecycle/testing/make-block.ts';
import { realProgram } from '../support/programs.ts';
import { thanos } from '../support/thanos.ts';

const hour = 3_600_000;
const minute = 60_000;
/** A multiple of 14 days. */
const origin = 1_400 * 14 * 24 * hour;
const folder = mkdtempSync(join(tmpdir(), 'lifecycle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;
const ulid = () => `01HZZZ${String(++made).padStart(20, '0')}`;

/** A counter with resets, a gauge with stale markers and gaps, one sample alone, and a histogram that is reset. */
function seriesOf(from: number, to: number): TestSeries[] {
  const random = seededRandom(from / hour);
  const floats = (
    name: string,
    next: (i: number) => bigint | undefined,
    most = Number.POSITIVE_INFINITY,
  ): TestSeries => {
    const samples: [number, bigint][] = [];
    for (let at = from, i = 0; at < to && samples.length < most; at += minute, i++) {
      const bits = next(i);
      if (bits !== undefined) samples.push([at + 7, bits]);
    }
    const chunks = [];
    for (let at = 0; at < samples.length; at += 120) chunks.push(samples.slice(at, at + 120));
    return { labels: { __name__: name, job: 'dü' }, chunks };
  };
  let count = 0;
  return [
    floats('requests_total', (i) => {
      count = i % 97 === 96 ? 0 : count + Math.floor(random.next() * 50);
      return bitsOfFloat(count);
    }),
    floats('temperature', (i) =>
      i % 50 > 44 ? undefined : i % 50 === 44 ? staleMarkerBits : bitsOfFloat(random.next() * 100 - 50),
    ),
    floats('once', () => bitsOfFloat(42), 1),
    { labels: { __name__: 'latency', job: 'dü' }, chunks: histogramChunks(from, to) },
  ];
}

function histogramChunks(from: number, to: number): EncodedChunk[] {
  const chunks: EncodedChunk[] = [];
  const width = 5;
  for (let at = from, part = 0; at < to; at += hour, part++) {
    const rows = 60;
    const positive = new Float64Array(rows * width);
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < width; i++) positive[row * width + i] = (row + 1) * (i + 1) + (part % 3);
    const timestamps = Float64Array.from({ length: rows }, (_, row) => at + row * minute);
    const counts = Float64Array.from({ length: rows }, (_, row) =>
      positive.subarray(row * width, (row + 1) * width).reduce((a, b) => a + b, 1),
    );
    const data = encodeHistogramChunk(
      {
        counterReset: part === 0 ? 'unknown' : 'reset',
        layout: {
          schema: part % 2 === 0 ? 2 : 1,
          zeroThreshold: 0.001,
          positiveSpans: spansOf([1, 2, 3, 7, 8]),
          negativeSpans: [],
          customValues: new Float64Array(0),
        },
        timestamps,
        counts,
        zeroCounts: new Float64Array(rows).fill(1),
        sumBits: BigUint64Array.from({ length: rows }, (_, row) => bitsOfFloat(row * 3.5)),
        positive,
        negative: new Float64Array(0),
      },
      2,
    );
    chunks.push({ encoding: 2, data, minTime: at, maxTime: timestamps.at(-1)! });
  }
  return chunks;
}

function store(bucket: string, fromHour: number, toHour: number, labels: Record<string, string>): BlockMeta {
  const id = ulid();
  return makeBlock(bucket, seriesOf(origin + fromHour * hour, origin + toHour * hour), {
    ulid: id,
    minTime: origin + fromHour * hour,
    maxTime: origin + toHour * hour,
    compaction: { level: 1, sources: [id] },
    thanos: {
      version: 1,
      labels,
      downsample: { resolution: 0 },
      source: 'sidecar',
      files: [],
      segment_files: [],
    },
  });
}

async function compactOurs(bucket: string, replicaLabels: readonly string[] = []): Promise<void> {
  const { compactor, close } = await openCompactor({
    bucket: new FilesystemBucket(bucket, seededRandom(3)),
    clock: systemClock,
    random: seededRandom(made),
    log: silentLogger,
    dataFolder: join(folder, 'work'),
    memoryBytes: 256 * 1024 * 1024,
    replicaLabels,
    native: false,
    concurrency: 1,
    consistencyDelayMs: 0,
    deletionDelayMs: 48 * hour,
    downsample: true,
    workers: 2,
  });
  try {
    const { quarantined } = await compactor.pass();
    expect([...quarantined]).toEqual([]);
  } finally {
    await close();
  }
}

function configOf(bucket: string): string {
  const path = `${bucket}.yml`;
  writeFileSync(path, JSON.stringify({ type: 'FILESYSTEM', config: { directory: bucket } }));
  return path;
}

function metasOf(bucket: string): BlockMeta[] {
  return readdirSync(bucket)
    .filter((name) => name.length === 26)
    .map((name) => JSON.parse(readFileSync(join(bucket, name, 'meta.json'), 'utf8')) as BlockMeta);
}

type Rows = [number, unknown][];

function rowsOf({ encoding, data }: AggregatePart): Rows {
  const { timestamps, bits, histograms } = decodeRaw(encoding, data);
  if (histograms === undefined) return [...timestamps].map((time, i) => [time, bits[i]]);
  return [...timestamps].map((time, i) => {
    const { resetHint: _hint, positive, negative, ...row } = histogramOf(histograms, i);
    const filled = ({ indices, counts }: typeof positive) =>
      indices.map((index, k) => [index, counts[k]]).filter(([, count]) => count !== 0);
    return [time, { ...row, positive: filled(positive), negative: filled(negative) }];
  });
}

/** Every aggregate of every chunk of every series. */
async function aggregatesOf(bucket: string, id: string) {
  const found = new Map<string, Record<string, Rows>[]>();
  for (const [labels, { chunks }] of await readBlock(bucket, id))
    found.set(
      labels,
      chunks.map(({ data }) => {
        const parts = Object.entries(decodeAggregateChunk(data)) as [Aggregate, AggregatePart][];
        return Object.fromEntries(parts.map(([name, part]) => [name, rowsOf(part)]));
      }),
    );
  return found;
}

describe('a bucket shared with Thanos', () => {
  let program: string;
  beforeAll(async () => {
    program = await thanos();
  }, 3_600_000);

  it('is accepted by promtool and by thanos tools bucket verify after compaction', async () => {
    const bucket = join(folder, 'compacted');
    // promtool takes a folder with a write-ahead log for a data folder.
    mkdirSync(join(bucket, 'wal'), { recursive: true });
    for (let i = 0; i < 5; i++) store(bucket, i * 2, i * 2 + 2, { cluster: 'a' });
    const before = new Map<string, string>();
    const promtool = await realProgram('promtool');
    const dump = () =>
      execFileSync(promtool, ['tsdb', 'dump', bucket], { maxBuffer: 2 ** 30 })
        .toString()
        .split('\n')
        .sort()
        .join('\n');
    before.set('dump', dump());
    await compactOurs(bucket);
    const [result] = metasOf(bucket).filter(({ compaction }) => compaction.level === 2);
    expect(result).toMatchObject({
      minTime: origin,
      maxTime: origin + 8 * hour,
      thanos: { source: 'compactor' },
    });
    execFileSync(promtool, ['tsdb', 'analyze', bucket, result!.ulid], { stdio: 'pipe' });
    for (const source of result!.compaction.sources) rmSync(join(bucket, source), { recursive: true });
    expect(dump()).toBe(before.get('dump'));
    execFileSync(
      program,
      [
        'tools',
        'bucket',
        'verify',
        '--issues=index_known_issues',
        '--issues=overlapped_blocks',
        '--issues=duplicated_compaction',
        `--objstore.config-file=${configOf(bucket)}`,
      ],
      { stdio: 'pipe' },
    );
  });

  it('has the same aggregates, column by column, whichever of the two downsamples it', async () => {
    const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
    mkdirSync(ours);
    const raw = store(ours, 0, 336, { cluster: 'a' });
    cpSync(ours, theirs, { recursive: true });
    await compactOurs(ours);
    execFileSync(
      program,
      [
        'compact',
        `--objstore.config-file=${configOf(theirs)}`,
        `--data-dir=${join(folder, 'thanos')}`,
        '--consistency-delay=0s',
        '--http-address=127.0.0.1:0',
      ],
      { stdio: 'pipe' },
    );
    for (const resolutionMs of [5 * minute, hour]) {
      const blocks = [ours, theirs].map(
        (bucket) =>
          [bucket, metasOf(bucket).find((meta) => blockResolutionMs(meta) === resolutionMs)!] as const,
      );
      const [mine, reference] = await Promise.all(
        blocks.map(([bucket, { ulid: id }]) => aggregatesOf(bucket, id)),
      );
      expect(blocks[0]![1]).toMatchObject({
        minTime: raw.minTime,
        maxTime: raw.maxTime,
        compaction: { level: blocks[1]![1].compaction.level, sources: blocks[1]![1].compaction.sources },
      });
      expect([...mine!.keys()]).toEqual([...reference!.keys()]);
      for (const [labels, chunks] of reference!)
        expect([labels, mine!.get(labels)]).toEqual([labels, chunks]);
    }
  });
});
