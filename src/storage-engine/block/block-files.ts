/** Names of a block's objects, below its ULID; the only place that knows them. */
export const blockFiles = {
  meta: (ulid: string) => `${ulid}/meta.json`,
  index: (ulid: string) => `${ulid}/index`,
  tombstones: (ulid: string) => `${ulid}/tombstones`,
  /** Segment 0 is file 000001. */
  segment: (ulid: string, segment: number) => `${ulid}/chunks/${String(segment + 1).padStart(6, '0')}`,
  deletionMark: (ulid: string) => `${ulid}/deletion-mark.json`,
} as const;
