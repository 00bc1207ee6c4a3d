/** Limits of retention and erasure; a part of `limits`. */
export const retentionLimits = {
  /** Largest retention document of a bucket. */
  retentionDocumentBytes: 16 * 1024 * 1024,
  /** Indexes that are held while the figures of a retention policy are reckoned. */
  previewMemoryBytes: 256 * 1024 * 1024,
  /** Chunks of one series that an exact preview reads at a time. */
  previewChunksAtOnce: 4096,
  /** Retention documents in one bucket: one a stack that writes to it. */
  retentionDocuments: 1000,
  /** How often a reader looks for changed retention documents. */
  retentionRefreshMs: 20_000,
  /** A reader that knows no younger retention documents than this answers nothing: it could show what is erased. */
  retentionMaxAgeMs: 60_000,
  /** Different outcomes of all retention rules and erasures together, over all series. */
  retentionClasses: 65_535,
  /** What a compactor found by looking into blocks out of which nothing had to go. */
  lookedBlocksBytes: 64 * 1024 * 1024,
  /** Time after which no running reader holds anything of a block that is gone. */
  erasureCacheMs: 15 * 60_000,
} as const;
