import type { WrittenBlock } from '../../block/block-writer.ts';
import { type BlockRewrite, lineageOf, rewritesOf } from '../../format/block-lineage.ts';
import {
  type BlockMeta,
  blockResolutionMs,
  externalLabels,
  type ThanosMeta,
} from '../../format/block-meta.ts';
import { type Folded, withFolded } from '../../retention/erasure-state.ts';

export interface ResultOptions {
  readonly ulid: string;
  readonly resolutionMs: number;
  readonly replicaLabels: readonly string[];
  readonly nowMs: number;
  /** What was left out. */
  readonly folded: Folded;
}

/** meta.json of a block that was written out of others, as Prometheus and Thanos write theirs. */
export function resultMeta(
  inputs: readonly BlockMeta[],
  written: WrittenBlock,
  options: ResultOptions,
): BlockMeta {
  const first = inputs[0]!;
  const sources = [...new Set(inputs.flatMap((meta) => Array.from(lineageOf(meta).sources)))].sort();
  const downsampled = blockResolutionMs(first) !== options.resolutionMs;
  const level = Math.max(...inputs.map(({ compaction }) => compaction.level)) + (downsampled ? 0 : 1);
  const rewrites = distinct(inputs.flatMap(rewritesOf));
  const labels = Object.fromEntries(
    Object.entries(externalLabels(first)).filter(([name]) => !options.replicaLabels.includes(name)),
  );
  return {
    ulid: options.ulid,
    minTime: Math.min(...inputs.map(({ minTime }) => minTime)),
    maxTime: Math.max(...inputs.map(({ maxTime }) => maxTime)),
    stats: written.stats,
    compaction: {
      level,
      sources,
      parents: downsampled
        ? (first.compaction.parents ?? [])
        : inputs.map(({ ulid, minTime, maxTime }) => ({ ulid, minTime, maxTime })),
    },
    version: 1,
    thanos: {
      version: 1,
      labels,
      downsample: { resolution: options.resolutionMs },
      source: 'compactor',
      ...filesOf(written),
      ...(rewrites.length > 0 && { rewrites }),
      ...extensionsOf(first, options),
      upload_time: new Date(options.nowMs).toISOString(),
    },
  };
}

/**
 * meta.json of a block that was written out of one without what no longer lives. It is its own source, as Thanos does it for
 * rewrites: with equal sources readers would take the older one, the original.
 */
export function rewriteMeta(
  original: BlockMeta,
  written: WrittenBlock,
  options: Pick<ResultOptions, 'ulid' | 'nowMs' | 'folded'>,
): BlockMeta {
  const { ulid, minTime, maxTime, compaction } = original;
  const sources = Array.from(lineageOf(original).sources);
  return {
    ulid: options.ulid,
    minTime,
    maxTime,
    stats: written.stats,
    compaction: { level: compaction.level, sources: [options.ulid], parents: [{ ulid, minTime, maxTime }] },
    version: 1,
    thanos: {
      version: 1,
      labels: externalLabels(original),
      downsample: { resolution: blockResolutionMs(original) },
      source: 'bucket.rewrite',
      ...filesOf(written),
      rewrites: [...rewritesOf(original), { sources, block: options.ulid }],
      ...extensionsOf(original, options),
      upload_time: new Date(options.nowMs).toISOString(),
    },
  };
}

function filesOf(written: WrittenBlock): Pick<ThanosMeta, 'segment_files' | 'files' | 'index_stats'> {
  return {
    segment_files: written.files
      .filter(({ path }) => path.startsWith('chunks/'))
      .map(({ path }) => path.slice('chunks/'.length)),
    files: [
      ...written.files.map(({ path, sizeBytes }) => ({ rel_path: path, size_bytes: sizeBytes })),
      { rel_path: 'meta.json' },
    ],
    index_stats: { series_max_size: written.maxSeriesBytes, chunk_max_size: written.maxChunkBytes },
  };
}

function extensionsOf(
  first: BlockMeta,
  { ulid, folded }: Pick<ResultOptions, 'ulid' | 'folded'>,
): Pick<ThanosMeta, 'extensions'> {
  if (folded.erasures.length > 0 || folded.stage !== '' || folded.trimmed)
    return { extensions: withFolded(first.thanos?.extensions, ulid, folded) };
  const { extensions } = first.thanos ?? {};
  return extensions === undefined || extensions === null ? {} : { extensions };
}

function distinct(rewrites: readonly BlockRewrite[]): readonly BlockRewrite[] {
  return [...new Map(rewrites.map((rewrite) => [JSON.stringify(rewrite), rewrite])).values()];
}
