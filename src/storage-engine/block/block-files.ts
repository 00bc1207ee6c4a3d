/** Names of a block's objects, below its ULID; the only place that knows them. */
export const blockFiles = {
  meta: (ulid: string) => `${ulid}/meta.json`,
  index: (ulid: string) => `${ulid}/index`,
  tombstones: (ulid: string) => `${ulid}/tombstones`,
  /** Segment 0 is file 000001. */
  segment: (ulid: string, segment: number) => `${ulid}/${segmentFile(segment)}`,
  deletionMark: (ulid: string) => `${ulid}/deletion-mark.json`,
  noCompactMark: (ulid: string) => `${ulid}/no-compact-mark.json`,
  noDownsampleMark: (ulid: string) => `${ulid}/no-downsample-mark.json`,
} as const;

/** Path of a segment below its block. */
export function segmentFile(segment: number): string {
  return `chunks/${String(segment + 1).padStart(6, '0')}`;
}
