import { CodedError } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import { type Bucket, getObject } from '../../bucket/bucket.ts';
import { isUlid } from '../../format/block-meta.ts';
import type { Looked } from '../plan/rewrites.ts';

/** Beside the blocks; derived, and made anew by looking where it is lost. */
export const lookedKey = 'promfleet/compactor/looked.json';

/**
 * What was found when an index was read and nothing had to go, for the compactor that looked and for whoever tells how far
 * an erasure is. An object that cannot be understood counts as none.
 */
export async function readLooked(bucket: Bucket, signal?: AbortSignal): Promise<Map<string, Looked>> {
  const found = new Map<string, Looked>();
  let value: unknown;
  try {
    const bytes = await getObject(bucket, lookedKey, limits.lookedBlocksBytes, signal);
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) return found;
    if (error instanceof CodedError && error.code === 'ObjectNotFound') return found;
    throw error;
  }
  const { version, blocks } = (value ?? {}) as { version?: unknown; blocks?: unknown };
  if (version !== 1 || typeof blocks !== 'object' || blocks === null) return found;
  for (const [ulid, entry] of Object.entries(blocks)) {
    const { lacks = [], stage = '' } = (entry ?? {}) as { lacks?: unknown; stage?: unknown };
    if (isUlid(ulid) && Array.isArray(lacks) && typeof stage === 'string')
      found.set(ulid, { lacks: lacks.filter((id) => typeof id === 'string'), stage });
  }
  return found;
}

export async function writeLooked(
  bucket: Bucket,
  looked: ReadonlyMap<string, Looked>,
  signal?: AbortSignal,
): Promise<void> {
  const blocks = Object.fromEntries([...looked].sort(([a], [b]) => (a < b ? -1 : 1)));
  const bytes = new TextEncoder().encode(JSON.stringify({ version: 1, blocks }));
  // What does not fit is looked at again after a start.
  if (bytes.length <= limits.lookedBlocksBytes) await bucket.put(lookedKey, bytes, signal);
}
