import type { Bucket } from '../bucket/bucket.ts';
import { blockFiles } from './block-files.ts';

/**
 * Deletes a block: `meta.json` first, so that no reader takes it for whole, its deletion mark last, so that a deletion
 * that was cut short is seen and ended by the next one. Returns how many objects went.
 */
export async function deleteBlock(bucket: Bucket, ulid: string, signal?: AbortSignal): Promise<number> {
  const mark = blockFiles.deletionMark(ulid);
  const meta = blockFiles.meta(ulid);
  const keys: string[] = [];
  for await (const page of bucket.list(`${ulid}/`, signal === undefined ? {} : { signal }))
    keys.push(...page.objects.map(({ key }) => key));
  const between = keys.filter((key) => key !== mark && key !== meta);
  // Both are deleted even where a lagging listing does not show them.
  for (const key of [meta, ...between, mark]) {
    signal?.throwIfAborted();
    await bucket.delete(key, signal);
  }
  return keys.length;
}
