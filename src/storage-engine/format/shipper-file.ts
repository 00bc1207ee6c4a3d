import { CorruptDataError } from '../../base/errors.ts';
import { isUlid } from './block-meta.ts';

/**
 * Name, below a Prometheus data folder, of the file that says which of its blocks are in the bucket. Prometheus compacts only
 * these with `--storage.tsdb.delay-compact-file.path`; Thanos's `pkg/shipper` has the same file.
 */
export const shipperFileName = 'thanos.shipper.json';

export function encodeShipperFile(uploaded: Iterable<string>): string {
  return `${JSON.stringify({ version: 1, uploaded: [...uploaded].sort() }, undefined, '\t')}\n`;
}

/** ULIDs of the uploaded blocks. */
export function parseShipperFile(text: string): ReadonlySet<string> {
  let value: { version?: unknown; uploaded?: unknown } | null;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CorruptDataError(`${shipperFileName}: not JSON`, { cause });
  }
  if (typeof value !== 'object' || value === null || value.version !== 1)
    throw new CorruptDataError(`${shipperFileName}: version is not 1`);
  // Go writes null for an empty list.
  const uploaded: unknown = value.uploaded ?? [];
  if (!Array.isArray(uploaded) || !uploaded.every((ulid) => typeof ulid === 'string' && isUlid(ulid)))
    throw new CorruptDataError(`${shipperFileName}: uploaded is not a list of ULIDs`);
  return new Set(uploaded);
}
