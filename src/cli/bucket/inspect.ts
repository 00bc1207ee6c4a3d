import { CodedError } from '../../base/errors.ts';
import { checkBlock } from '../../storage-engine/block/health.ts';
import { printable } from '../printable.ts';
import { sizeText, timeText } from './format.ts';
import { describe, scan } from './ls.ts';
import type { BucketTool } from './open.ts';

/** All that is known of one block, its index read. */
export async function inspect(tool: BucketTool, ulid: string): Promise<void> {
  const block = (await scan(tool)).find((each) => each.ulid === ulid);
  if (block === undefined)
    throw new CodedError('ObjectNotFound', `${tool.bucket.description}: no block ${ulid}`);
  tool.progress(`reading the index of ${ulid}`);
  const health =
    block.meta === undefined ? undefined : await checkBlock(tool.bucket, ulid, 'index', tool.signal);
  tool.progress(undefined);
  const { meta } = block;
  if (tool.json) {
    const found = health === undefined ? {} : { seriesCount: health.seriesCount, faults: health.faults };
    tool.io.out(
      `${JSON.stringify({ ...describe(block), files: meta?.thanos?.files, ...found }, undefined, 2)}\n`,
    );
    return;
  }
  const say = (name: string, value: unknown) =>
    tool.io.out(`${`${name}:`.padEnd(16)}${printable(String(value))}\n`);
  say('block', ulid);
  if (meta !== undefined) {
    say('time', `${timeText(meta.minTime)} to ${timeText(meta.maxTime)}`);
    say('level', meta.compaction.level);
    say('sources', (meta.compaction.sources ?? []).join(' '));
    for (const [name, value] of Object.entries(meta.thanos?.labels ?? {})) say(`label ${name}`, value);
    say('made by', meta.thanos?.source ?? 'unknown');
    say('resolution', `${meta.thanos?.downsample.resolution ?? 0} ms`);
    for (const [name, value] of Object.entries(meta.stats ?? {})) say(name, value);
  }
  say('size', `${sizeText(block.sizeBytes)} in ${block.objectCount} objects`);
  for (const mark of block.marks)
    say(`mark ${mark.kind}`, `${timeText(mark.markedMs)} ${mark.reason} ${mark.details}`);
  for (const file of block.missing) say('missing', file);
  for (const fault of [...(block.fault === undefined ? [] : [block.fault]), ...(health?.faults ?? [])])
    say('fault', fault);
}
