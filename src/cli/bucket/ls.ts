import { type ScannedBlock, scanBucket } from '../../storage-engine/block/bucket-scan.ts';
import { blockResolutionMs, externalLabels } from '../../storage-engine/format/block-meta.ts';
import { labelsText, resolutionText, sizeText, spanText, textTable, timeText } from './format.ts';
import type { BucketTool } from './open.ts';

export async function scan({ bucket, signal, progress }: BucketTool): Promise<ScannedBlock[]> {
  const blocks = await scanBucket(bucket, {
    signal,
    onBlock: (done, all) => progress(`reading ${done} of ${all} metas`),
  });
  progress(undefined);
  return blocks;
}

/** What is unusual about a block, in a word each. */
export function notesOf({ meta, fault, marks, missing, hasMeta }: ScannedBlock): string[] {
  return [
    ...(fault === undefined ? [] : ['unreadable']),
    ...(hasMeta ? [] : ['partial']),
    ...(missing.length > 0 ? ['incomplete'] : []),
    ...marks.map(({ kind }) => (kind === 'deletion' ? 'deleted' : kind)),
    ...(meta?.thanos === undefined && meta !== undefined ? ['no labels'] : []),
  ];
}

export function describe(block: ScannedBlock) {
  const { ulid, meta, sizeBytes, objectCount, fault, marks, missing } = block;
  return {
    ulid,
    ...(meta === undefined
      ? {}
      : {
          minTime: meta.minTime,
          maxTime: meta.maxTime,
          resolutionMs: blockResolutionMs(meta),
          level: meta.compaction.level,
          sources: meta.compaction.sources,
          stats: meta.stats,
          labels: externalLabels(meta),
          source: meta.thanos?.source,
        }),
    sizeBytes,
    objectCount,
    marks,
    missing,
    ...(fault === undefined ? {} : { fault }),
    notes: notesOf(block),
  };
}

export async function list(tool: BucketTool, options: { readonly label: readonly string[] }): Promise<void> {
  const blocks = (await scan(tool)).filter(({ meta }) =>
    options.label.every((pair) => {
      const equals = pair.indexOf('=');
      return meta !== undefined && externalLabels(meta)[pair.slice(0, equals)] === pair.slice(equals + 1);
    }),
  );
  if (tool.json) {
    tool.io.out(`${JSON.stringify(blocks.map(describe), undefined, 2)}\n`);
    return;
  }
  const rows = blocks.map((block) => {
    const { meta, ulid, sizeBytes } = block;
    return [
      ulid,
      meta === undefined ? '' : timeText(meta.minTime),
      meta === undefined ? '' : spanText(meta.maxTime - meta.minTime),
      meta === undefined ? '' : resolutionText(blockResolutionMs(meta)),
      meta === undefined ? '' : String(meta.compaction.level),
      meta?.stats?.numSeries ?? 0,
      meta?.stats?.numSamples ?? 0,
      sizeText(sizeBytes),
      meta === undefined ? '' : labelsText(externalLabels(meta)),
      notesOf(block).join(', '),
    ];
  });
  tool.io.out(
    textTable(
      ['BLOCK', 'FROM', 'RANGE', 'RESOLUTION', 'LEVEL', 'SERIES', 'SAMPLES', 'SIZE', 'LABELS', 'NOTES'],
      rows,
    ),
  );
  const bytes = blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  tool.io.out(`${blocks.length} blocks, ${sizeText(bytes)}\n`);
}
