import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../base/random.ts';
import { FilesystemBucket } from '../../bucket/filesystem-bucket.ts';
import { staleMarkerBits } from '../../format/chunk-xor.ts';
import { bitsOfFloat } from '../../format/histogram-layout.ts';
import { dedupReplicas } from '../../samples/dedup.ts';
import { mergeColumns } from '../../samples/sample-columns.ts';
import { makeBlock, readBlock, type TestSamples, type TestSeries } from '../testing/make-block.ts';
import { inlinePool } from './batch-pool.ts';
import { type RewriteInput, rewriteBlocks } from './rewrite.ts';

const root = mkdtempSync(join(tmpdir(), 'rewrite-'));
afterAll(() => rmSync(root, { recursive: true, force: true }), 60_000);
const bucket = new FilesystemBucket(root, seededRandom(1));
let made = 0;
const ulid = () => `01REWR${String(++made).padStart(20, '0')}`;

const start = 1_700_000_000_000;
const hour = 3_600_000;

/** A plan of one series in one block: where it starts, how many samples, spacing, sizes of chunks. */
const part = fc.record({
  name: fc.constantFrom('up', 'requests_total', 'a', 'zz'),
  instance: fc.constantFrom('x', 'y', 'dü', ''),
  offset: fc.nat(30_000),
  count: fc.integer({ min: 1, max: 200 }),
  step: fc.constantFrom(1000, 15_000, 15_001),
  chunk: fc.integer({ min: 1, max: 130 }),
  staleEvery: fc.constantFrom(0, 7, 50),
  seed: fc.nat(1000),
});
type Part = typeof part extends fc.Arbitrary<infer T> ? T : never;

function seriesOf(parts: readonly Part[], base: number): TestSeries[] {
  const found = new Map<string, TestSeries>();
  for (const each of parts) {
    const random = seededRandom(each.seed);
    const samples: [number, bigint][] = Array.from({ length: each.count }, (_, i) => [
      base + each.offset + i * each.step,
      each.staleEvery > 0 && i % each.staleEvery === each.staleEvery - 1
        ? staleMarkerBits
        : bitsOfFloat(Math.round(random.next() * 1e6) / 64),
    ]);
    const chunks: TestSamples[] = [];
    for (let at = 0; at < samples.length; at += each.chunk) chunks.push(samples.slice(at, at + each.chunk));
    const labels = { __name__: each.name, ...(each.instance !== '' && { instance: each.instance }) };
    found.set(JSON.stringify(labels), { labels, chunks });
  }
  return [...found.values()];
}

const blockPlan = fc.record({
  parts: fc.array(part, { minLength: 1, maxLength: 6 }),
  shift: fc.constantFrom(0, 0, 7000, hour / 4, hour),
  replica: fc.nat(2),
});

function store(parts: readonly Part[], shift: number): ReturnType<typeof makeBlock> {
  const id = ulid();
  const series = seriesOf(parts, start + shift);
  const times = series.flatMap(({ chunks }) =>
    (chunks as TestSamples[]).flatMap((chunk) => chunk.map(([t]) => t)),
  );
  return makeBlock(root, series, {
    ulid: id,
    minTime: Math.min(...times),
    maxTime: Math.max(...times) + 1,
    compaction: { level: 1, sources: [id] },
  });
}

async function rewrite(
  inputs: readonly RewriteInput[],
  options: { segmentBytes?: number; memoryBytes?: number } = {},
) {
  const id = ulid();
  const written = await rewriteBlocks({
    bucket,
    inputs,
    folder: join(root, id),
    minTime: Math.min(...inputs.map(({ meta }) => meta.minTime)),
    maxTime: Math.max(...inputs.map(({ meta }) => meta.maxTime)),
    memoryBytes: 64 * 1024 * 1024,
    parameters: { native: false, resolutionMs: 0, sourceResolutionMs: 0 },
    pool: inlinePool,
    ...options,
  });
  const meta = { ...inputs[0]!.meta, ulid: id, stats: written.stats };
  writeFileSync(join(root, id, 'meta.json'), JSON.stringify(meta));
  return { written, found: await readBlock(root, id) };
}

const columns = (samples: readonly (readonly [number, bigint])[]) => ({
  timestamps: Float64Array.from(samples, ([time]) => time),
  values: new Float64Array(BigUint64Array.from(samples, ([, bits]) => bits).buffer),
});

describe('rewriteBlocks', { timeout: 120_000 }, () => {
  it('gives, for every series, what a query over its inputs would choose, whatever overlaps', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(blockPlan, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(undefined, 4096),
        async (plans, segmentBytes) => {
          const inputs = plans.map(({ parts, shift, replica }) => ({ meta: store(parts, shift), replica }));
          const given = await Promise.all(
            inputs.map(async ({ meta, replica }) => ({
              replica,
              series: await readBlock(root, meta.ulid),
            })),
          );
          const { written, found } = await rewrite(
            inputs,
            segmentBytes === undefined ? {} : { segmentBytes },
          );
          const names = new Set(given.flatMap(({ series }) => [...series.keys()]));
          expect(new Set(found.keys())).toEqual(names);
          let samples = 0;
          for (const name of names) {
            const replicas = [0, 1, 2].map((replica) =>
              mergeColumns(
                given
                  .filter((each) => each.replica === replica)
                  .map(({ series }) => columns(series.get(name)?.samples ?? [])),
              ),
            );
            const expected = dedupReplicas(replicas);
            const bits = new BigUint64Array(expected.values.slice().buffer);
            expect(found.get(name)!.samples).toEqual([...expected.timestamps].map((t, i) => [t, bits[i]]));
            samples += expected.timestamps.length;
            const { chunks } = found.get(name)!;
            chunks.forEach(({ minTime }, i) => {
              if (i > 0) expect(minTime).toBeGreaterThan(chunks[i - 1]!.maxTime);
            });
          }
          expect(written.stats.numSamples).toBe(samples);
          expect(written.stats.numSeries).toBe(names.size);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('does not take a chunk for untouched in which another replica stands in for a stale marker', async () => {
    const [a, b] = [
      { name: 'up', instance: 'y', offset: 0, count: 8, step: 15_000, chunk: 4, staleEvery: 7, seed: 0 },
      { name: 'up', instance: 'y', offset: 0, count: 7, step: 15_001, chunk: 1, staleEvery: 0, seed: 0 },
    ] as const;
    const { found } = await rewrite([
      { meta: store([a], 0), replica: 0 },
      { meta: store([b], 0), replica: 1 },
    ]);
    const times = [...found.values()][0]!.samples.map(([time]) => time - start);
    expect(times).toEqual([0, 15_000, 30_000, 45_000, 60_000, 75_000, 90_006, 105_000]);
  });

  it('copies chunks that nothing touches byte for byte', async () => {
    const plan = (seed: number) => [
      {
        name: 'up',
        instance: 'x',
        offset: 0,
        count: 200,
        step: 15_000,
        chunk: 120,
        staleEvery: 0,
        seed,
      } as const,
    ];
    const [a, b] = [store(plan(1), 0), store(plan(2), hour)];
    const { found } = await rewrite([
      { meta: a, replica: 0 },
      { meta: b, replica: 0 },
    ]);
    const sources = [
      ...(await readBlock(root, a.ulid)).values(),
      ...(await readBlock(root, b.ulid)).values(),
    ];
    expect([...found.values()][0]!.chunks.map(({ data }) => data)).toEqual(
      sources.flatMap(({ chunks }) => chunks.map(({ data }) => data)),
    );
  });

  it('keeps 1:1 duplicates once, in their chunks', async () => {
    const parts = [
      {
        name: 'up',
        instance: 'x',
        offset: 0,
        count: 200,
        step: 15_000,
        chunk: 120,
        staleEvery: 0,
        seed: 5,
      } as const,
    ];
    const [a, b] = [store(parts, 0), store(parts, 0)];
    const { found } = await rewrite([
      { meta: a, replica: 0 },
      { meta: b, replica: 0 },
    ]);
    const [original] = (await readBlock(root, a.ulid)).values();
    expect([...found.values()][0]!.samples).toEqual(original!.samples);
  });

  it('gives the same block with next to no memory, its symbols and postings in files', async () => {
    const series: TestSeries[] = Array.from({ length: 800 }, (_, i) => ({
      labels: {
        __name__: `metric_${i % 7}`,
        instance: `host-${i}`,
        pod: `pod-${i * 7919}`,
        zone: `z${i % 3}`,
      },
      chunks: [[[start + i, bitsOfFloat(i)]] as TestSamples],
    }));
    const [one, two] = [series.filter((_, i) => i % 3 !== 0), series.filter((_, i) => i % 3 !== 1)].map(
      (each, i) => {
        const id = ulid();
        return makeBlock(root, each, {
          ulid: id,
          minTime: start + i * hour,
          maxTime: start + (i + 1) * hour,
          compaction: { level: 1, sources: [id] },
        });
      },
    );
    const inputs = [
      { meta: one!, replica: 0 },
      { meta: two!, replica: 0 },
    ];
    const roomy = await rewrite(inputs);
    const tight = await rewrite(inputs, { memoryBytes: 4_000 });
    expect([...tight.found]).toEqual([...roomy.found]);
    expect(tight.written.files).toEqual(roomy.written.files);
    expect(roomy.found.size).toBe(800);
  });
});
