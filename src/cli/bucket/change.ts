import { systemClock } from '../../base/clock.ts';
import { CodedError } from '../../base/errors.ts';
import { deleteBlock } from '../../storage-engine/block/delete.ts';
import { markBlock, unmarkBlock } from '../../storage-engine/block/marks.ts';
import type { MarkKind } from '../../storage-engine/format/block-mark.ts';
import { planRepair } from '../../storage-engine/lifecycle/repair-plan.ts';
import { planSweep } from '../../storage-engine/lifecycle/sweep-plan.ts';
import { sizeText, textTable, timeText } from './format.ts';
import { scan } from './ls.ts';
import type { BucketTool } from './open.ts';
import { check } from './verify.ts';

const dryRun = 'nothing was changed; --apply does it';

/** Deletes what is marked and past its delay, and parts of blocks that nobody completes. */
export async function cleanup(
  tool: BucketTool,
  options: {
    readonly apply: boolean;
    readonly deletionDelayMs: number;
    readonly partialDelayMs: number;
  },
): Promise<void> {
  // A block whose mark or meta.json cannot be read stays: a person decides.
  const readable = (await scan(tool)).filter(({ fault }) => fault === undefined);
  const candidates = readable.map((block) => ({
    ...block,
    markedMs: block.marks.find(({ kind }) => kind === 'deletion')?.markedMs,
  }));
  const { due, later } = planSweep(candidates, tool.nowMs, options);
  let deleted = 0;
  if (options.apply) {
    for (const [n, { ulid }] of due.entries()) {
      tool.progress(`deleting ${n + 1} of ${due.length}: ${ulid}`);
      await deleteBlock(tool.bucket, ulid, tool.signal);
      deleted++;
    }
    tool.progress(undefined);
  }
  if (tool.json) {
    tool.io.out(`${JSON.stringify({ due, later, deleted }, undefined, 2)}\n`);
    return;
  }
  const row = (when: string) => (item: (typeof due)[number]) => [
    item.ulid,
    item.reason,
    sizeText(item.sizeBytes),
    when === '' ? timeText(item.dueMs) : when,
  ];
  const rows = [...due.map(row(options.apply ? 'deleted' : 'now')), ...later.map(row(''))];
  if (rows.length > 0) tool.io.out(textTable(['BLOCK', 'REASON', 'SIZE', 'DELETED'], rows));
  const bytes = due.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  tool.io.out(
    `${due.length} blocks (${sizeText(bytes)}) ${options.apply ? 'deleted' : 'to delete'}, ${later.length} later\n`,
  );
  if (!options.apply && due.length > 0) tool.io.out(`${dryRun}\n`);
}

/** Marks duplicates for deletion and what cannot be read against compaction. */
export async function repair(
  tool: BucketTool,
  options: { readonly apply: boolean; readonly depth: 'index' | 'chunks' },
): Promise<void> {
  const blocks = await scan(tool);
  const actions = planRepair(blocks, await check(tool, blocks, options.depth));
  if (options.apply)
    for (const { ulid, mark, why } of actions)
      await markBlock(
        tool.bucket,
        systemClock,
        {
          kind: mark,
          ulid,
          details: `repair: ${why}`.slice(0, 500),
          reason: mark === 'deletion' ? '' : 'manual',
        },
        tool.signal,
      );
  if (tool.json) {
    tool.io.out(`${JSON.stringify({ actions, applied: options.apply }, undefined, 2)}\n`);
    return;
  }
  if (actions.length > 0)
    tool.io.out(
      textTable(
        ['BLOCK', 'MARK', 'WHY'],
        actions.map(({ ulid, mark, why }) => [ulid, mark, why]),
      ),
    );
  tool.io.out(`${actions.length} marks ${options.apply ? 'set' : 'to set'}\n`);
  if (!options.apply && actions.length > 0) tool.io.out(`${dryRun}\n`);
}

/** Sets or removes a mark on named blocks. */
export async function mark(
  tool: BucketTool,
  ulids: readonly string[],
  options: {
    readonly kind: MarkKind;
    readonly details: string;
    readonly remove: boolean;
    readonly apply: boolean;
  },
): Promise<void> {
  const { kind, details, remove } = options;
  // What leads to a deletion is shown first.
  const apply = options.apply || kind !== 'deletion' || remove;
  const done: { ulid: string; state: string }[] = [];
  const blocks = await scan(tool);
  for (const ulid of ulids) {
    const block = blocks.find((each) => each.ulid === ulid);
    if (block === undefined)
      throw new CodedError('ObjectNotFound', `${tool.bucket.description}: no block ${ulid}`);
    const marked = block.marks.some((each) => each.kind === kind);
    if (!apply) done.push({ ulid, state: marked ? 'marked before' : 'to mark' });
    else if (remove) {
      await unmarkBlock(tool.bucket, kind, ulid, tool.signal);
      done.push({ ulid, state: marked ? 'unmarked' : 'had no mark' });
    } else {
      const reason = kind === 'deletion' ? '' : 'manual';
      const set = await markBlock(tool.bucket, systemClock, { kind, ulid, details, reason }, tool.signal);
      done.push({ ulid, state: set ? 'marked' : 'marked before' });
    }
  }
  if (tool.json) tool.io.out(`${JSON.stringify({ kind, blocks: done, applied: apply }, undefined, 2)}\n`);
  else {
    tool.io.out(
      textTable(
        ['BLOCK', kind.toUpperCase()],
        done.map(({ ulid, state }) => [ulid, state]),
      ),
    );
    if (!apply) tool.io.out(`${dryRun}\n`);
  }
}
