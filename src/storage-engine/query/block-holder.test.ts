import { mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { FilesystemBucket } from '../bucket/filesystem-bucket.ts';
import { makeBlock } from '../lifecycle/testing/make-block.ts';
import { parseMetricSelector } from '../promql/syntax/parse.ts';
import { BlockHolder } from './block-holder.ts';

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
