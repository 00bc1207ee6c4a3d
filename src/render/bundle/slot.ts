/**
 * One slot: gzip(JSON `{formatVersion, files: [{path, content, meta?}]}`), files sorted by path. The hash is the
 * SHA-256 of the JSON, not of the gzip bytes, so that another zlib changes no hash.
 */
import { hash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { assert } from '../../base/assert.ts';
import { CodedError, CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { checkBundlePath } from './bundle-path.ts';

export const slotFormatVersion = 1;

/** `meta` is the operator's own note (for example which generation a text is of); it is never written to disk. */
export interface BundleFile {
  readonly path: string;
  readonly content: string;
  readonly meta?: Readonly<Record<string, string>>;
}

export interface EncodedSlot {
  /** SHA-256 of the slot's JSON, lower-case hex. */
  readonly hash: string;
  /** The value of the object's `bundle.json.gz` key. */
  readonly bytes: Uint8Array;
}

/** Deterministic: the same files give the same hash, in any order and on any machine. */
export function encodeSlot(files: Iterable<BundleFile>): EncodedSlot {
  const sorted = [...files].sort((a, b) => compareText(a.path, b.path));
  for (const [position, file] of sorted.entries()) {
    checkBundlePath(file.path);
    assert(
      position === 0 || sorted[position - 1]!.path !== file.path,
      `file ${file.path} is twice in a slot`,
    );
  }
  const json = JSON.stringify({ formatVersion: slotFormatVersion, files: sorted.map(canonicalFile) });
  const bytes = gzipSync(json, { level: 6 });
  // RFC 1952: no modification time, operating system unknown.
  bytes.fill(0, 4, 8);
  bytes[9] = 255;
  return { hash: sha256Hex(json), bytes };
}

/** Throws CorruptData for damaged bytes, UnsupportedFormat for a version this program does not know. */
export function decodeSlot(bytes: Uint8Array): {
  readonly hash: string;
  readonly files: readonly BundleFile[];
} {
  let text: Buffer;
  try {
    text = gunzipSync(bytes, { maxOutputLength: limits.bundleSlotTextBytes });
  } catch (cause) {
    throw new CorruptDataError(`slot of ${bytes.length} bytes does not unpack`, { cause });
  }
  const value = parseJsonObject(text.toString('utf8'), 'slot');
  checkFormatVersion(value.formatVersion, slotFormatVersion, 'slot');
  if (!Array.isArray(value.files)) throw new CorruptDataError('slot has no list of files');
  const seen = new Set<string>();
  const files = value.files.map((entry: unknown): BundleFile => {
    const file = entry as Partial<BundleFile> | null;
    if (typeof file?.path !== 'string' || typeof file.content !== 'string') {
      throw new CorruptDataError('slot has a file without path or content');
    }
    checkBundlePath(file.path);
    if (seen.has(file.path)) throw new CorruptDataError(`slot has ${file.path} twice`);
    seen.add(file.path);
    return canonicalFile(file as BundleFile);
  });
  return { hash: sha256Hex(text), files };
}

export function sha256Hex(text: string | Uint8Array): string {
  return hash('sha256', text, 'hex');
}

/** Orders by UTF-16 code units: the same on every machine, unlike localeCompare. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Parses JSON that must be an object; throws CorruptData naming `what`. */
export function parseJsonObject(json: string, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new CorruptDataError(`${what} is not JSON`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CorruptDataError(`${what} is not a JSON object`);
  }
  return value as Record<string, unknown>;
}

export function checkFormatVersion(found: unknown, known: number, what: string): void {
  if (found === known) return;
  throw new CodedError('UnsupportedFormat', `${what} has format version ${String(found)}, known is ${known}`);
}

function canonicalFile(file: BundleFile): BundleFile {
  const meta = Object.entries(file.meta ?? {}).sort(([a], [b]) => compareText(a, b));
  return {
    path: file.path,
    content: file.content,
    ...(meta.length === 0 ? {} : { meta: Object.fromEntries(meta) }),
  };
}
