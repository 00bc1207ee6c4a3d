import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { CodedError } from '../../src/base/errors.ts';
import { seededRandom } from '../../src/base/random.ts';
import { BlockCatalog } from '../../src/storage-engine/block/block-catalog.ts';
import { BlockStore } from '../../src/storage-engine/block/block-store.ts';
import { readChunks } from '../../src/storage-engine/block/chunk-reader.ts';
import { narrow } from '../../src/storage-engine/block/merge/narrow.ts';
import { FilesystemBucket } from '../../src/storage-engine/bucket/filesystem-bucket.ts';
import { decodeXorChunk } from '../../src/storage-engine/format/chunk-xor.ts';
import { compileMatcher } from '../../src/storage-engine/promql/syntax/matcher.ts';
import { parseMetricSelector } from '../../src/storage-engine/promql/syntax/parse.ts';
import { realProgram } from '../support/programs.ts';

/** Series name -> [timestamp ms, value]. */
type Samples = Map<string, [number, number][]>;

const start = 1_700_000_000;
const view = new DataView(new ArrayBuffer(8));

function floatOf(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

/** Random series whose labels and values cross byte order, UTF-8 and length borders. */
function makeSeries(): { labels: Record<string, string>; samples: [number, number][] }[] {
  const random = seededRandom(11);
  const series = [];
  for (let i = 0; i < 400; i++) {
    const labels: Record<string, string> = {
      __name__: ['up', 'requests_total', 'queue_length'][i % 3]!,
      instance: `host-${i % 37}`,
      job: ['api', 'web', 'dü', 'x'.repeat(3000)][i % 4]!,
      id: String(i),
    };
    if (i % 5 === 0) labels.zone = `z${i % 3}`;
    const samples: [number, number][] = [];
    let at = start * 1000;
    for (let k = 0; k < 50 + (i % 3) * 150; k++) {
      at += 15_000 + Math.floor(random.next() * 20);
      samples.push([at, k % 7 === 0 ? k : Math.round(random.next() * 1e6) / 128]);
    }
    series.push({ labels, samples });
  }
  return series;
}

const seriesName = (labels: Iterable<readonly [string, string]>) =>
  JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));

describe('a block that promtool wrote', () => {
  const folder = mkdtempSync(join(tmpdir(), 'block-'));
  const given = makeSeries();
  let ulids: string[];

  beforeAll(async () => {
    const lines = given.flatMap(({ labels, samples }) => {
      const text = Object.entries(labels)
        .filter(([name]) => name !== '__name__')
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(',');
      return samples.map(([at, value]) => ({
        at,
        metric: labels.__name__!,
        line: `${labels.__name__}{${text}} ${value} ${(at / 1000).toFixed(3)}`,
      }));
    });
    lines.sort((a, b) => (a.metric === b.metric ? a.at - b.at : a.metric < b.metric ? -1 : 1));
    writeFileSync(join(folder, 'input'), `${lines.map(({ line }) => line).join('\n')}\n# EOF\n`);
    execFileSync(
      await realProgram('promtool'),
      ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'input'), join(folder, 'data')],
      { stdio: 'pipe' },
    );
    ulids = readdirSync(join(folder, 'data')).filter((name) => name.length === 26);
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const selectors = [
    '{__name__=~".+"}',
    'up',
    'up{job="api"}',
    'requests_total{job!="api"}',
    '{instance=~"host-1.*",zone=""}',
    '{zone!="",job=~"api|web"}',
    '{__name__="queue_length",zone!~"z1"}',
    '{job="dü"}',
    '{id=~"1.."}',
    'up{nothing="x"}',
    '{__name__=~".+",nothing!~"x|"}',
  ];

  /** `wholeBytes`: indexes above it are read by section. */
  async function read(
    selector: string,
    minTime: number,
    maxTime: number,
    wholeBytes?: number,
  ): Promise<Samples> {
    const bucket = new FilesystemBucket(join(folder, 'data'), seededRandom(1));
    const catalog = new BlockCatalog(bucket, systemClock);
    const { blocks, faults } = await catalog.blocks(minTime, maxTime);
    if (faults.length > 0) throw new CodedError('CorruptData', faults.join());
    const store = new BlockStore({
      bucket,
      pause: () => undefined,
      ...(wholeBytes !== undefined && { wholeBytes }),
    });
    const { signal } = new AbortController();
    const merged = await store.select(blocks, parseMetricSelector(selector), [], signal, (_meta, error) => {
      throw error;
    });
    const selection = narrow(merged, minTime, maxTime);
    const found: Samples = new Map();
    for (const part of selection.parts) {
      for (let id = 0; id < selection.count; id++) {
        const rows = Uint32Array.from(
          { length: part.chunkTo[id]! - part.chunkFrom[id]! },
          (_, i) => part.chunkFrom[id]! + i,
        );
        const pairs = selection.pairs(id);
        const name = seriesName(
          Array.from({ length: pairs.length / 2 }, (_, i) => [pairs[i * 2]!, pairs[i * 2 + 1]!] as const),
        );
        const samples = found.get(name) ?? [];
        for (const { data } of await readChunks(part, rows)) {
          const { timestamps, valueBits } = decodeXorChunk(data);
          for (let k = 0; k < timestamps.length; k++) {
            if (timestamps[k]! >= minTime && timestamps[k]! <= maxTime)
              samples.push([timestamps[k]!, floatOf(valueBits[k]!)]);
          }
        }
        if (samples.length > 0) found.set(name, samples);
      }
    }
    for (const samples of found.values()) samples.sort(([a], [b]) => a - b);
    return found;
  }

  it.each(selectors)('answers %s with exactly the samples that were written', async (selector) => {
    const matchers = parseMetricSelector(selector).map((matcher) => ({
      name: matcher.name,
      accepts: compileMatcher(matcher),
    }));
    for (const [minTime, maxTime] of [
      [0, 2 ** 50],
      [start * 1000 + 600_000, start * 1000 + 1_200_000],
    ] as const) {
      const expected: Samples = new Map();
      for (const { labels, samples } of given) {
        if (!matchers.every(({ name, accepts }) => accepts(labels[name] ?? ''))) continue;
        const inside = samples.filter(([at]) => at >= minTime && at <= maxTime);
        if (inside.length > 0) expected.set(seriesName(Object.entries(labels)), inside);
      }
      for (const wholeBytes of [undefined, 0]) {
        const found = await read(selector, minTime, maxTime, wholeBytes);
        expect(new Set(found.keys())).toEqual(new Set(expected.keys()));
        for (const [name, samples] of expected) expect(found.get(name)).toEqual(samples);
      }
    }
  });

  it('whose index or chunks have a flipped bit answers rightly or raises CorruptData that names the block', async () => {
    const ulid = ulids[0]!;
    const whole = await read('up', 0, 2 ** 50);
    const random = seededRandom(5);
    let refused = 0;
    for (const file of ['index', 'chunks/000001', 'meta.json']) {
      const path = join(folder, 'data', ulid, file);
      const good = readFileSync(path);
      for (let round = 0; round < 60; round++) {
        const damaged = Buffer.from(good);
        const at = Math.floor(random.next() * damaged.length);
        damaged[at]! ^= 1 << Math.floor(random.next() * 8);
        writeFileSync(path, damaged);
        try {
          const found = await read('up', 0, 2 ** 50, round % 2 === 0 ? undefined : 0);
          if (file !== 'meta.json') expect(found).toEqual(whole);
        } catch (error) {
          refused++;
          expect(error).toMatchObject({
            code: expect.stringMatching(/CorruptData|ObjectNotFound|LimitExceeded/),
          });
          expect(String(error)).toContain(ulid);
        }
      }
      writeFileSync(path, good);
    }
    expect(refused).toBeGreaterThan(40);
  });
});
