import { CorruptDataError } from '../../base/errors.ts';

/** A block's place among others; `sources` are the ULIDs of the blocks cut from a head that it descends from. */
export interface BlockCompaction {
  readonly level: number;
  readonly sources: readonly string[];
  readonly parents?: readonly { readonly ulid: string; readonly minTime: number; readonly maxTime: number }[];
  readonly failed?: boolean;
  readonly deletable?: boolean;
  readonly hints?: readonly string[];
}

/** The extension that Thanos writes and reads; its field names are the stored ones. */
export interface ThanosMeta {
  readonly version?: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly downsample: { readonly resolution: number };
  readonly source: string;
  readonly segment_files?: readonly string[];
  readonly files?: readonly { readonly rel_path: string; readonly size_bytes?: number }[];
  readonly rewrites?: readonly unknown[];
  readonly index_stats?: Readonly<Record<string, number>>;
  readonly extensions?: unknown;
  readonly upload_time?: string;
}

/** `meta.json` of a block; time is half-open, [minTime, maxTime), milliseconds since the epoch. */
export interface BlockMeta {
  readonly ulid: string;
  readonly minTime: number;
  readonly maxTime: number;
  readonly stats: Readonly<Record<string, number>>;
  readonly compaction: BlockCompaction;
  readonly version: 1;
  readonly thanos?: ThanosMeta;
}

const ulidPattern = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

export function isUlid(text: string): boolean {
  return ulidPattern.test(text);
}

/** Parses and checks a meta.json; unknown fields are kept, so that a rewrite loses nothing of other writers. */
export function parseBlockMeta(text: string, what: string): BlockMeta {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CorruptDataError(`${what}: not JSON`, { cause });
  }
  const fault = metaFault(value);
  if (fault !== undefined) throw new CorruptDataError(`${what}: ${fault}`);
  return value as BlockMeta;
}

function metaFault(value: unknown): string | undefined {
  if (!isRecord(value)) return 'not an object';
  if (value.version !== 1) return `version is ${JSON.stringify(value.version)}, not 1`;
  if (typeof value.ulid !== 'string' || !isUlid(value.ulid)) return 'ulid is not a ULID';
  if (!Number.isSafeInteger(value.minTime) || !Number.isSafeInteger(value.maxTime))
    return 'minTime or maxTime is not an integer';
  if ((value.maxTime as number) < (value.minTime as number)) return 'maxTime lies before minTime';
  if (!isRecord(value.compaction) || !Number.isSafeInteger(value.compaction.level))
    return 'compaction.level is not an integer';
  const thanos = value.thanos;
  if (thanos === undefined) return undefined;
  if (!isRecord(thanos)) return 'thanos is not an object';
  if (
    thanos.labels !== null &&
    !(isRecord(thanos.labels) && Object.values(thanos.labels).every((label) => typeof label === 'string'))
  )
    return 'thanos.labels is not a map of strings';
  if (!isRecord(thanos.downsample) || !Number.isSafeInteger(thanos.downsample.resolution))
    return 'thanos.downsample.resolution is not an integer';
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text of a meta.json, indented as Prometheus and Thanos write it. */
export function encodeBlockMeta(meta: BlockMeta): string {
  return `${JSON.stringify(meta, undefined, '\t')}\n`;
}

/** External labels of a block: none where Thanos's part or its labels are absent. */
export function externalLabels(meta: BlockMeta): Readonly<Record<string, string>> {
  return meta.thanos?.labels ?? {};
}

/** Milliseconds between samples of a downsampled block, 0 for raw. */
export function blockResolutionMs(meta: BlockMeta): number {
  return meta.thanos?.downsample.resolution ?? 0;
}
