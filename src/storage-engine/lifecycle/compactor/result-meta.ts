import type { WrittenBlock } from '../../block/block-writer.ts';
import { type BlockMeta, blockResolutionMs, externalLabels } from '../../format/block-meta.ts';

export interface ResultOptions {
  readonly ulid: string;
  readonly resolutionMs: number;
  readonly replicaLabels: readonly string[];
  readonly nowMs: number;
}

/** meta.json of a block that was written out of others, as Prometheus and Thanos write theirs. */
export function resultMeta(
  inputs: readonly BlockMeta[],
  written: WrittenBlock,
  options: ResultOptions,
): BlockMeta {
  const first = inputs[0]!;
  const sources = [...new Set(inputs.flatMap(({ compaction }) => compaction.sources ?? []))].sort();
  const downsampled = blockResolutionMs(first) !== options.resolutionMs;
  const level = Math.max(...inputs.map(({ compaction }) => compaction.level)) + (downsampled ? 0 : 1);
  const rewrites = inputs.flatMap((meta) => meta.thanos?.rewrites ?? []);
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
      segment_files: written.files
        .filter(({ path }) => path.startsWith('chunks/'))
        .map(({ path }) => path.slice('chunks/'.length)),
      files: [
        ...written.files.map(({ path, sizeBytes }) => ({ rel_path: path, size_bytes: sizeBytes })),
        { rel_path: 'meta.json' },
      ],
      ...(rewrites.length > 0 && { rewrites }),
      index_stats: { series_max_size: written.maxSeriesBytes, chunk_max_size: written.maxChunkBytes },
      upload_time: new Date(options.nowMs).toISOString(),
    },
  };
}
