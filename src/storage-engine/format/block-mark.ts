import { CorruptDataError } from '../../base/errors.ts';
import { isUlid } from './block-meta.ts';

export type MarkKind = 'deletion' | 'no-compact' | 'no-downsample';

/** A mark inside a block's folder; Thanos `pkg/block/metadata/markers.go`. */
export interface BlockMark {
  readonly kind: MarkKind;
  readonly ulid: string;
  /** For people: why. */
  readonly details: string;
  /** For programs: `manual` or one of Thanos's reasons; empty in a deletion mark. */
  readonly reason: string;
  /** When it was set, milliseconds since the epoch; stored in whole seconds. */
  readonly markedMs: number;
}

const timeField = {
  deletion: 'deletion_time',
  'no-compact': 'no_compact_time',
  'no-downsample': 'no_downsample_time',
} as const satisfies Record<MarkKind, string>;

export function encodeBlockMark({ kind, ulid, details, reason, markedMs }: BlockMark): string {
  return `${JSON.stringify({
    id: ulid,
    version: 1,
    details,
    [timeField[kind]]: Math.floor(markedMs / 1000),
    ...(kind === 'deletion' ? {} : { reason }),
  })}\n`;
}

export function parseBlockMark(kind: MarkKind, text: string, what: string): BlockMark {
  let value: Record<string, unknown> | null;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CorruptDataError(`${what}: not JSON`, { cause });
  }
  if (typeof value !== 'object' || value === null) throw new CorruptDataError(`${what}: not an object`);
  const { id, version, details, reason, [timeField[kind]]: seconds } = value;
  if (version !== 1) throw new CorruptDataError(`${what}: version is ${JSON.stringify(version)}, not 1`);
  if (typeof id !== 'string' || !isUlid(id)) throw new CorruptDataError(`${what}: id is not a ULID`);
  if (!Number.isSafeInteger(seconds))
    throw new CorruptDataError(`${what}: ${timeField[kind]} is not an integer`);
  const plain = (field: unknown) => (typeof field === 'string' ? field : '');
  return {
    kind,
    ulid: id,
    details: plain(details),
    reason: plain(reason),
    markedMs: (seconds as number) * 1000,
  };
}
