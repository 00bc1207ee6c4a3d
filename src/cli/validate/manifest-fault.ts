import type { ErrorCode } from '../../base/error-catalogue.ts';

export type Severity = 'error' | 'warning';

/** One fault of a manifest, as all outputs tell it. */
export interface ManifestFault {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in code points; absent where only the line is known. */
  readonly column?: number;
  readonly severity: Severity;
  readonly code: ErrorCode;
  readonly message: string;
  /** What to do. */
  readonly action: string;
  /** Such as `AlertRuleSet shop/checkout`. */
  readonly object?: string;
  /** Field in the object. */
  readonly path?: string;
}

/** What was looked at. */
export interface ManifestSummary {
  readonly files: number;
  /** Objects of promfleet's kinds. */
  readonly objects: number;
  /** Objects of other kinds and documents without a kind: left alone. */
  readonly others: number;
  readonly errors: number;
  readonly warnings: number;
  /** There were more faults than are told. */
  readonly cut: boolean;
}
