/** What a source holds, as diagnostics tell it. Times are Unix milliseconds. */
export interface SourceDescription {
  readonly kind: 'bucket' | 'prometheus';
  /** External labels of what it holds. */
  readonly labelSets: readonly Readonly<Record<string, string>>[];
  readonly minTimeMs?: number;
  readonly maxTimeMs?: number;
  readonly series?: number;
  readonly blocks?: number;
  readonly version?: string;
  /** What of it cannot be read. */
  readonly faults?: readonly string[];
}

/** What one source would read for one selection. */
export interface SelectionEstimate {
  readonly source: string;
  /** By which way its samples would come. */
  readonly path: string;
  readonly blocks?: number;
  readonly series: number;
  /** There may be more series. */
  readonly atLeast?: boolean;
  readonly chunks?: number;
  readonly sizeBytes?: number;
  /** A bound that the samples cannot exceed. */
  readonly maxSamples?: number;
}
