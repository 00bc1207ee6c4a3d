import { limits } from '../../base/limits.ts';
import { addBlockCost, CostTable } from '../../storage-engine/lifecycle/cost.ts';
import { resolutionText, sizeText, textTable } from './format.ts';
import { scan } from './ls.ts';
import type { BucketTool } from './open.ts';

/** Bytes by owner, metric and resolution, from the indexes of all blocks that are not going. */
export async function cost(
  tool: BucketTool,
  options: { readonly by: string; readonly top: number },
): Promise<void> {
  const blocks = (await scan(tool)).filter(
    ({ meta, fault, marks, missing }) =>
      meta !== undefined &&
      fault === undefined &&
      missing.length === 0 &&
      !marks.some(({ kind }) => kind === 'deletion'),
  );
  const table = new CostTable();
  for (const [n, { meta, sizeBytes }] of blocks.entries()) {
    tool.progress(`reading ${n + 1} of ${blocks.length} indexes`);
    await addBlockCost(table, tool.bucket, meta!, options.by, sizeBytes, tool.signal);
  }
  tool.progress(undefined);
  const whole = blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const all = table
    .by('owner', 'metric', 'resolutionMs')
    .map((row) => ({ ...row, bytes: Math.round(row.bytes) }));
  if (tool.json) {
    tool.io.out(`${JSON.stringify({ by: options.by, bytes: whole, rows: all }, undefined, 2)}\n`);
    return;
  }
  const share = (bytes: number) => `${whole === 0 ? 0 : ((bytes / whole) * 100).toFixed(1)}%`;
  const owner = (name: string | undefined) => (name === '' ? '-' : (name ?? ''));
  const top = Math.min(options.top, limits.bucketTableRows);
  tool.io.out(
    textTable(
      [options.by.toUpperCase(), 'SERIES', 'SIZE', 'SHARE'],
      table.by('owner').map((row) => [owner(row.owner), row.series, sizeText(row.bytes), share(row.bytes)]),
    ),
  );
  tool.io.out('\n');
  tool.io.out(
    textTable(
      ['RESOLUTION', 'SERIES', 'SIZE', 'SHARE'],
      table
        .by('resolutionMs')
        .map((row) => [
          resolutionText(row.resolutionMs ?? 0),
          row.series,
          sizeText(row.bytes),
          share(row.bytes),
        ]),
    ),
  );
  tool.io.out('\n');
  tool.io.out(
    textTable(
      ['METRIC', options.by.toUpperCase(), 'RESOLUTION', 'SERIES', 'CHUNKS', 'SIZE', 'SHARE'],
      all
        .slice(0, top)
        .map((row) => [
          row.metric ?? '',
          owner(row.owner),
          resolutionText(row.resolutionMs ?? 0),
          row.series,
          row.chunks,
          sizeText(row.bytes),
          share(row.bytes),
        ]),
    ),
  );
  if (all.length > top) tool.io.out(`${all.length - top} more rows; --top shows more, --json all\n`);
  tool.io.out(`${blocks.length} blocks, ${sizeText(whole)}\n`);
}
