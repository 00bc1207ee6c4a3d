import { mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { FilesystemBucket } from '../bucket/filesystem-bucket.ts';
import { encodeAggregateChunk } from '../format/aggregate-chunk.ts';
import { chunkEncoding } from '../format/chunk.ts';
import { encodeXorChunk } from '../format/chunk-xor.ts';
import { makeBlock } from '../lifecycle/testing/make-block.ts';
import { parseMetricSelector } from '../promql/syntax/parse.ts';
import { BlockHolder } from './block-holder.ts';
import type { SourceResolution } from './resolution.ts';

const hourMs = 3600_000;
const startMs = 1_699_999_200_000;
const ulid = (number: number) => `01HXXXXXXXXXXXXXXXXXXXXX0${number}`;

/** Samples of one chunk for each hour [from, to). */
const hours = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) =>
    Array.from({ length: 60 }, (_, k) => [startMs + (from + i) * hourMs + k * 60_000, BigInt(k)] as const),
  );

describe("a Prometheus's own data directory", () => {
  let folder: string;
  let told: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'data-'));
    told = [];
    for (const name of ['wal', 'chunks_head', `${ulid(7)}.tmp-for-creation`]) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, '00000000'), 'not of a block');
    }
    writeFileSync(join(folder, 'lock'), '');
    block(1, 0, 2, [1]);
    block(2, 2, 4, [2]);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function block(number: number, from: number, to: number, sources: readonly number[]): void {
    const series = ['a', 'b'].map((job) => ({ labels: { __name__: 'up', job }, chunks: hours(from, to) }));
    makeBlock(folder, series, {
      ulid: ulid(number),
      minTime: startMs + from * hourMs,
      maxTime: startMs + to * hourMs,
      compaction: { level: sources.length, sources: sources.map(ulid) },
    });
  }

  /** As Prometheus deletes a block: renamed first, then removed. */
  function remove(number: number): void {
    renameSync(join(folder, ulid(number)), join(folder, `${ulid(number)}.tmp-for-deletion`));
    rmSync(join(folder, `${ulid(number)}.tmp-for-deletion`), { recursive: true });
  }

  function open(onRead: (key: string) => void = () => undefined): BlockHolder {
    const bucket = new FilesystemBucket(folder, seededRandom(1));
    const read = bucket.getRange.bind(bucket);
    bucket.getRange = (key, offset, lengthBytes, signal) => {
      onRead(key);
      return read(key, offset, lengthBytes, signal);
    };
    return new BlockHolder(bucket, systemClock);
  }

  async function samples(holder: BlockHolder): Promise<number[]> {
    const scope = {
      signal: new AbortController().signal,
      timeoutMs: 60_000,
      partial: (reason: string) => void told.push(reason),
    };
    const hints = { startMs, endMs: startMs + 8 * hourMs };
    const found = await holder.select(parseMetricSelector('up'), hints, scope);
    return found.map(({ columns }) => columns.timestamps.length);
  }

  it('is answered from as it is compacted between two queries, and when old blocks are deleted', async () => {
    const holder = open();
    expect(await samples(holder)).toEqual([240, 240]);
    block(3, 0, 4, [1, 2]);
    for (const number of [1, 2]) remove(number);
    // The list of blocks is still the old one.
    expect(await samples(holder)).toEqual([240, 240]);
    expect(told).toEqual([]);
    remove(3);
    block(4, 2, 4, [2]);
    expect(await samples(holder)).toEqual([120, 120]);
    expect(told).toEqual([]);
  });

  it('is planned once more when blocks vanish between their indexes and their chunks', async () => {
    let compacted = false;
    const holder = open((key) => {
      if (compacted || !key.includes('/chunks/')) return;
      compacted = true;
      block(3, 0, 4, [1, 2]);
      for (const number of [1, 2]) remove(number);
    });
    expect(await samples(holder)).toEqual([240, 240]);
    expect(compacted).toBe(true);
    expect(told).toEqual([]);
  });

  it('answers from the other blocks, and names the one that is damaged', async () => {
    truncateSync(join(folder, ulid(2), 'chunks', '000001'), 40);
    expect(await samples(open())).toEqual([120, 120]);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(ulid(2));
  });
});

describe('a bucket with downsampled blocks beside raw ones', () => {
  const folder = mkdtempSync(join(tmpdir(), 'downsampled-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each<[string, SourceResolution | undefined, number[], string[]]>([
    ['raw samples where nothing is said', undefined, [60, 60, 12], ['only samples of 5 minutes are left']],
    ['coarse ones where those are asked for, and raw ones in their gaps', 300_000, [12, 60, 12], []],
    ['as many as the steps need', 'auto', [12, 60, 12], []],
  ])('gives %s, each moment once', async (_title, maxSourceResolution, perHour, warnings) => {
    const meta = (number: number, from: number, to: number, resolution: number) => ({
      ulid: ulid(number),
      minTime: startMs + from * hourMs,
      maxTime: startMs + to * hourMs,
      compaction: { level: 1, sources: [ulid(number)] },
      thanos: { labels: { cluster: 'c' }, downsample: { resolution }, source: 'test' },
    });
    const labels = { __name__: 'up', job: 'a' };
    const coarse = (hour: number) => {
      const times = Array.from({ length: 12 }, (_, i) => startMs + hour * hourMs + (i + 1) * 300_000 - 1);
      const column = {
        encoding: chunkEncoding.xor,
        data: encodeXorChunk({
          timestamps: Float64Array.from(times),
          valueBits: BigUint64Array.from(times, (_, i) => BigInt(i)),
        }),
      };
      const data = encodeAggregateChunk({
        count: column,
        sum: column,
        min: column,
        max: column,
        counter: column,
      });
      return { encoding: chunkEncoding.aggregate, data, minTime: times[0]!, maxTime: times.at(-1)! };
    };
    // Hours 0 and 1 raw; 0 and 2 downsampled.
    makeBlock(folder, [{ labels, chunks: hours(0, 2) }], meta(1, 0, 2, 0));
    makeBlock(folder, [{ labels, chunks: [coarse(0)] }], meta(2, 0, 1, 300_000));
    makeBlock(folder, [{ labels, chunks: [coarse(2)] }], meta(3, 2, 3, 300_000));
    const told: string[] = [];
    const scope = {
      signal: new AbortController().signal,
      timeoutMs: 60_000,
      partial: (reason: string) => void told.push(reason),
      warn: (reason: string) => void told.push(reason),
      ...(maxSourceResolution !== undefined && { maxSourceResolution }),
    };
    const hints = {
      startMs,
      endMs: startMs + 3 * hourMs,
      func: 'max_over_time',
      stepMs: hourMs,
      windowMs: hourMs,
    };
    const holder = new BlockHolder(new FilesystemBucket(folder, seededRandom(1)), systemClock);
    const [found] = await holder.select(parseMetricSelector('up'), hints, scope);
    const counts = [0, 1, 2].map(
      (hour) =>
        found!.columns.timestamps.filter((time) => Math.floor((time - startMs) / hourMs) === hour).length,
    );
    expect(counts).toEqual(perHour);
    expect(told.map((text) => warnings.find((each) => text.includes(each)))).toEqual(warnings);
    await holder.close();
  });
});
