import { gunzipSync, gzipSync } from 'node:zlib';
import { CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { type BlockMeta, parseBlockMeta } from './block-meta.ts';

/** Where a bucket's index of its blocks lies. */
export const bucketIndexKey = 'promfleet/bucket-index.json.gz';

/** A block's meta.json as it was when the store showed this time for it. */
export interface IndexedMeta {
  readonly meta: BlockMeta;
  readonly modifiedMs: number;
}

/** Gzip of JSON: version, time of writing, and each block's meta with the time of its object. */
export function encodeBucketIndex(blocks: ReadonlyMap<string, IndexedMeta>, writtenMs: number): Uint8Array {
  const rows = [...blocks.values()].map(({ meta, modifiedMs }) => ({ modifiedMs, meta }));
  return gzipSync(JSON.stringify({ version: 1, writtenMs, blocks: rows }));
}

/** Raises `CorruptData` where the bytes are no index, or one of a version that is not known. */
export function decodeBucketIndex(bytes: Uint8Array): ReadonlyMap<string, IndexedMeta> {
  let value: unknown;
  try {
    value = JSON.parse(gunzipSync(bytes, { maxOutputLength: limits.bucketIndexBytes }).toString('utf8'));
  } catch (cause) {
    throw new CorruptDataError(`${bucketIndexKey}: not the gzip of JSON`, { cause });
  }
  const { version, blocks } = (value ?? {}) as { version?: unknown; blocks?: unknown };
  if (version !== 1 || !Array.isArray(blocks))
    throw new CorruptDataError(`${bucketIndexKey}: no index of version 1`);
  const found = new Map<string, IndexedMeta>();
  for (const row of blocks as { modifiedMs?: unknown; meta?: unknown }[]) {
    if (typeof row?.modifiedMs !== 'number')
      throw new CorruptDataError(`${bucketIndexKey}: a row has no time`);
    const meta = parseBlockMeta(JSON.stringify(row.meta ?? null), bucketIndexKey);
    found.set(meta.ulid, { meta, modifiedMs: row.modifiedMs });
  }
  return found;
}
