import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BlockMeta } from '../../../src/storage-engine/format/block-meta.ts';
import { readBlock } from '../../../src/storage-engine/lifecycle/testing/make-block.ts';

/** Series whose samples are compared one by one; of the others their number and all counts. */
const everyNth = 7;

function resultOf(bucket: string, resolutionOf: (meta: BlockMeta) => number): BlockMeta[] {
  return (
    readdirSync(bucket)
      .filter((name) => name.length === 26)
      .map((name) => JSON.parse(readFileSync(join(bucket, name, 'meta.json'), 'utf8')) as BlockMeta)
      // What was there before is of level 1, or is the block that was downsampled.
      .filter((meta) => meta.thanos?.source !== 'sidecar' || resolutionOf(meta) > 0)
      .sort(
        (a, b) =>
          resolutionOf(a) - resolutionOf(b) ||
          a.minTime - b.minTime ||
          b.compaction.level - a.compaction.level,
      )
  );
}

/**
 * Compares what two compactors made of the same blocks: the same ranges and series; and but for replicas, for which the
 * rules differ on purpose, the same samples. Returns what to say of it, raises where they differ.
 */
export async function sameAnswers(
  name: string,
  ours: string,
  theirs: string,
  resolutionOf: (meta: BlockMeta) => number,
): Promise<string> {
  const [mine, reference] = [resultOf(ours, resolutionOf), resultOf(theirs, resolutionOf)];
  const [a, b] = [mine[0]!, reference[0]!];
  if (a.minTime !== b.minTime || a.maxTime !== b.maxTime || a.stats.numSeries !== b.stats.numSeries)
    throw new Error(`${name}: results differ: ${JSON.stringify(a.stats)} and ${JSON.stringify(b.stats)}`);
  const [x, y] = [await readBlock(ours, a.ulid), await readBlock(theirs, b.ulid)];
  if (JSON.stringify([...x.keys()]) !== JSON.stringify([...y.keys()]))
    throw new Error(`${name}: series differ`);
  if (name === 'replicas') return `${a.stats.numSamples} by ADR 11, Thanos ${b.stats.numSamples} by penalty`;
  let i = 0;
  for (const [labels, { samples, chunks }] of x) {
    if (i++ % everyNth !== 0) continue;
    const other = y.get(labels)!;
    const same =
      samples.length === other.samples.length &&
      samples.every(([time, bits], at) => time === other.samples[at]![0] && bits === other.samples[at]![1]) &&
      chunks.length === other.chunks.length &&
      chunks.every(({ data }, at) => Buffer.compare(data, other.chunks[at]!.data) === 0);
    if (!same) throw new Error(`${name}: samples of ${labels} differ`);
  }
  return 'equal';
}
