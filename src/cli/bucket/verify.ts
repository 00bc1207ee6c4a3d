import type { ScannedBlock } from '../../storage-engine/block/bucket-scan.ts';
import { checkBlock, type HealthDepth } from '../../storage-engine/block/health.ts';
import { blockResolutionMs, externalLabels } from '../../storage-engine/format/block-meta.ts';
import type { CheckedBlock } from '../../storage-engine/lifecycle/repair-plan.ts';
import { exitCodes } from '../io.ts';
import { labelsText, resolutionText, textTable, timeText } from './format.ts';
import { scan } from './ls.ts';
import type { BucketTool } from './open.ts';

/** Reads blocks and says what is wrong with each; blocks that are marked for deletion are left out. */
export async function check(
  tool: BucketTool,
  blocks: readonly ScannedBlock[],
  depth: HealthDepth,
): Promise<CheckedBlock[]> {
  const live = blocks.filter(
    ({ meta, marks }) => meta !== undefined && !marks.some(({ kind }) => kind === 'deletion'),
  );
  const checked: CheckedBlock[] = [];
  for (const [n, block] of live.entries()) {
    tool.progress(`verifying ${n + 1} of ${live.length}: ${block.ulid}`);
    const { corrupt, faults } = await checkBlock(tool.bucket, block.ulid, depth, tool.signal);
    checked.push({
      ulid: block.ulid,
      corrupt,
      faults: [...block.missing.map((file) => `${file} is absent or of another size`), ...faults],
    });
  }
  tool.progress(undefined);
  return checked;
}

export async function verify(
  tool: BucketTool,
  options: { readonly ulids: readonly string[]; readonly depth: HealthDepth },
): Promise<void> {
  const all = await scan(tool);
  const blocks = options.ulids.length === 0 ? all : all.filter(({ ulid }) => options.ulids.includes(ulid));
  const checked = await check(tool, blocks, options.depth);
  const faults = [
    ...blocks.flatMap(({ ulid, fault, hasMeta }) => [
      ...(fault === undefined ? [] : [{ ulid, fault }]),
      ...(hasMeta ? [] : [{ ulid, fault: 'partial: no meta.json' }]),
    ]),
    ...checked.flatMap(({ ulid, faults: found }) => found.map((fault) => ({ ulid, fault }))),
    ...options.ulids
      .filter((ulid) => !all.some((block) => block.ulid === ulid))
      .map((ulid) => ({ ulid, fault: 'no such block' })),
  ];
  const overlaps = overlapsOf(blocks);
  if (tool.json) {
    tool.io.out(`${JSON.stringify({ checked: checked.length, faults, overlaps }, undefined, 2)}\n`);
  } else {
    if (faults.length > 0)
      tool.io.out(
        textTable(
          ['BLOCK', 'FAULT'],
          faults.map(({ ulid, fault }) => [ulid, fault]),
        ),
      );
    for (const { ulids, from, to, labels, resolutionMs } of overlaps)
      tool.io.out(
        `overlap ${timeText(from)} to ${timeText(to)} ${resolutionText(resolutionMs)} ${labels}: ${ulids.join(' ')}\n`,
      );
    tool.io.out(`${checked.length} blocks verified, ${faults.length} faults, ${overlaps.length} overlaps\n`);
  }
  if (faults.length > 0) tool.io.setExitCode(exitCodes.fault);
}

/** Blocks of one group that share time: no fault, as a compactor merges them, but worth to know. */
function overlapsOf(blocks: readonly ScannedBlock[]) {
  const live = blocks.filter(
    ({ meta, marks }) => meta !== undefined && !marks.some(({ kind }) => kind === 'deletion'),
  );
  const groups = Map.groupBy(
    live,
    ({ meta }) => `${blockResolutionMs(meta!)} ${labelsText(externalLabels(meta!))}`,
  );
  const overlaps: { ulids: string[]; from: number; to: number; labels: string; resolutionMs: number }[] = [];
  for (const group of groups.values()) {
    let last: ScannedBlock | undefined;
    for (const block of [...group].sort((a, b) => a.meta!.minTime - b.meta!.minTime)) {
      if (last !== undefined && block.meta!.minTime < last.meta!.maxTime)
        overlaps.push({
          ulids: [last.ulid, block.ulid],
          from: block.meta!.minTime,
          to: Math.min(last.meta!.maxTime, block.meta!.maxTime),
          labels: labelsText(externalLabels(block.meta!)),
          resolutionMs: blockResolutionMs(block.meta!),
        });
      if (last === undefined || block.meta!.maxTime > last.meta!.maxTime) last = block;
    }
  }
  return overlaps;
}
