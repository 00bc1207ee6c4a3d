import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../base/random.ts';
import { FilesystemBucket } from '../../bucket/filesystem-bucket.ts';
import { bitsOfFloat } from '../../format/histogram-layout.ts';
import type { RetentionDocument, StoredMatcher } from '../../format/retention-document.ts';
import { type BlockTime, hiddenByAll, hiddenByVerdicts, Retention } from '../../retention/retention.ts';
import { labelLookup } from '../../retention/series-labels.ts';
import { SymbolClasses } from '../../retention/symbol-classes.ts';
import { makeBlock, readBlock, type TestSamples } from '../testing/make-block.ts';
import { inlinePool } from './batch-pool.ts';
import { BlockInput } from './block-input.ts';
import { rewriteBlocks } from './rewrite.ts';
import { scanRemoval } from './scan-removal.ts';

const root = mkdtempSync(join(tmpdir(), 'removal-'));
afterAll(() => rmSync(root, { recursive: true, force: true }), 60_000);
const bucket = new FilesystemBucket(root, seededRandom(1));
let made = 0;
const ulid = () => `01REMV${String(++made).padStart(20, '0')}`;
const hour = 3_600_000;
const start = 200_000 * 8 * hour;

const word = fc.constantFrom('a', 'b', 'user-4711', 'dü', '');
const matcher: fc.Arbitrary<StoredMatcher> = fc.record({
  name: fc.constantFrom('__name__', 'user', 'replica', 'cluster', 'absent'),
  op: fc.constantFrom('=', '!=', '=~', '!~'),
  value: fc.constantFrom('a', 'b', 'user-4711', '', 'user-.*', 'a|dü', '.+', '.*', 'r1'),
});
const matchers = fc.array(matcher, { minLength: 1, maxLength: 3 });
const keep = fc.array(
  fc.record({ resolutionMs: fc.constantFrom(0, 300_000), durationMs: fc.integer({ min: 0, max: 4 * hour }) }),
  { minLength: 1, maxLength: 2 },
);
const document: fc.Arbitrary<RetentionDocument> = fc.record({
  version: fc.constant(1 as const),
  generation: fc.constant(1),
  writtenAtMs: fc.constant(0),
  stack: fc.constant('a/b'),
  scope: fc.constant({}),
  defaultKeep: keep,
  policies: fc.array(
    fc.record({ name: fc.constant('a/p'), rules: fc.array(fc.record({ matchers, keep }), { maxLength: 3 }) }),
    { maxLength: 2 },
  ),
  erasures: fc.array(
    fc.record({
      id: fc.constant('e'),
      matchers,
      untilMs: fc.integer({ min: start, max: start + 3 * hour }),
      requestedAtMs: fc.constant(0),
      reason: fc.constant('r'),
      policy: fc.constant('a/p'),
    }),
    { maxLength: 3 },
  ),
});
const external = { cluster: 'b', replica: 'r1' };
const nowMs = start + 3 * hour;

describe('a block that is rewritten without what no longer lives', { timeout: 120_000 }, () => {
  it('holds what queries show, sample by sample, and no text that only what went had', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { minLength: 1, maxLength: 2 }),
        fc.uniqueArray(fc.record({ __name__: fc.constantFrom('a', 'b', 'up'), user: word, other: word }), {
          selector: (labels) => JSON.stringify(labels),
          minLength: 1,
          maxLength: 12,
        }),
        async (documents, series) => {
          const retentions = documents.map((each) => new Retention(each));
          const id = ulid();
          const meta = makeBlock(
            root,
            series.map((labels, n) => ({
              labels: Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== '')),
              chunks: Array.from(
                { length: 4 },
                (_, chunk): TestSamples =>
                  Array.from({ length: 10 }, (_, i) => [start + (chunk * 10 + i) * 180_000, bitsOfFloat(n)]),
              ),
            })),
            {
              ulid: id,
              minTime: start,
              maxTime: start + 2 * hour,
              compaction: { level: 1, sources: [id] },
              thanos: { labels: external, downsample: { resolution: 0 }, source: 'sidecar' },
            },
          );
          const block: BlockTime = {
            startMs: meta.minTime,
            endMs: meta.maxTime,
            resolutionMs: 0,
            coveredAt: () => [{ startMs: start, endMs: start + hour }],
          };
          const before = await readBlock(root, id);
          const expected = new Map(
            [...before].flatMap(([labels, { samples }]) => {
              const pairs = Object.entries(JSON.parse(labels) as Record<string, string>).flat();
              const hidden = hiddenByAll(retentions, labelLookup(external, pairs), block, nowMs);
              const left = samples.filter(
                ([time]) => !hidden.some(({ startMs, endMs }) => time >= startMs && time < endMs),
              );
              return left.length === 0 ? [] : [[labels, left] as const];
            }),
          );
          const classes = new SymbolClasses(retentions, external);
          const input = await BlockInput.open(bucket, meta, 64 * 1024);
          const removal = await scanRemoval(input, {
            note: (number, text) => classes.note(number, text),
            classOf: (labels) => classes.classOf(labels),
            removed: (number) => hiddenByVerdicts(classes.verdicts(number), block, nowMs),
            covered: () => [],
          });
          await input.close();
          expect(removal.series - removal.goneSeries).toBe(expected.size);
          const result = ulid();
          await rewriteBlocks({
            bucket,
            inputs: [{ meta, replica: 0, removal }],
            folder: join(root, result),
            minTime: meta.minTime,
            maxTime: meta.maxTime,
            memoryBytes: 16 * 1024 * 1024,
            parameters: { native: false, resolutionMs: 0, sourceResolutionMs: 0 },
            pool: inlinePool,
          });
          const after = await readBlock(root, result);
          expect(new Map([...after].map(([labels, { samples }]) => [labels, samples]))).toEqual(expected);
          const text = readFileSync(join(root, result, 'index')).toString('latin1');
          if (![...expected.keys()].some((labels) => labels.includes('user-4711')))
            expect(text).not.toContain('user-4711');
          rmSync(join(root, id), { recursive: true });
          rmSync(join(root, result), { recursive: true });
        },
      ),
      { numRuns: 100 },
    );
  });
});
