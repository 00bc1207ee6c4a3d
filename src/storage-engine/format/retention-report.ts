import { CorruptDataError } from '../../base/errors.ts';
import type { RetentionDocument, RetentionRules, StoredMatcher } from './retention-document.ts';

/** A policy that is only tried out: what would go by it. */
export interface RetentionPreview extends RetentionRules {
  readonly erase: readonly { readonly matchers: readonly StoredMatcher[]; readonly untilMs: number }[];
  /** Whether chunk headers are to be read for samples and bytes. */
  readonly exact: boolean;
}

/** What a stack orders of its compactor. */
export interface RetentionOrder {
  readonly document: RetentionDocument;
  readonly previews: readonly RetentionPreview[];
  /** Live servers, and how long after its time each may hold a sample; absent where nothing bounds that. */
  readonly servers?: { readonly count: number; readonly holdMs?: number };
}

/** Series (counted once a block), samples and bytes of chunks. */
export interface RetentionAmounts {
  readonly series: number;
  readonly samples: number;
  readonly sizeBytes: number;
}

/** What goes by one policy. */
export interface PolicyReport extends RetentionAmounts {
  /** `namespace/name`. */
  readonly name: string;
  readonly atMs: number;
  readonly exact: boolean;
  readonly blocks: number;
  readonly rules: readonly ({ readonly rule: number } & RetentionAmounts)[];
  /** Bytes that are past their time and wait for a coarser resolution. */
  readonly waitingBytes: number;
  /** Other policies that take the same series and keep them for another time. */
  readonly conflicts: readonly string[];
}

/** How far one erasure is in the bucket. */
export interface ErasureReport {
  readonly id: string;
  /** Every reader applies it. */
  readonly hidden: boolean;
  /** Blocks in use that hold it, and blocks that held it and wait for their deletion. */
  readonly blocksLeft: number;
  readonly markedLeft: number;
  /** Live servers that may hold it. */
  readonly serversLeft?: number;
  /** When nothing that can be reached held it any more, caches included. */
  readonly purgedAtMs?: number;
}

/** What a compactor tells of retention in its bucket. */
export interface RetentionReport {
  readonly formatVersion: 1;
  /** Generation of the order that the bucket's document contains. */
  readonly ordered: number;
  readonly erasures: readonly ErasureReport[];
  readonly policies: readonly PolicyReport[];
  /** Why the order could not be carried out. */
  readonly error?: string;
}

/** Reads a report. Throws CorruptDataError for one that no compactor of this version or its neighbours writes. */
export function parseRetentionReport(text: string, what: string): RetentionReport {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CorruptDataError(`${what}: not JSON`, { cause });
  }
  const { formatVersion, ordered, erasures, policies } = (value ?? {}) as Partial<RetentionReport>;
  if (
    formatVersion !== 1 ||
    !Number.isSafeInteger(ordered) ||
    !Array.isArray(erasures) ||
    !Array.isArray(policies)
  )
    throw new CorruptDataError(`${what}: not a retention report of format 1`);
  return value as RetentionReport;
}
