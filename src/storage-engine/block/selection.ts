import type { LabelTexts } from '../kernels/row-text.ts';

/** Deleted time of one series, milliseconds since the epoch, both ends included. */
export interface DeletedTime {
  readonly minTime: number;
  readonly maxTime: number;
}

/**
 * The series of one selector over blocks of one bucket, for one query: everything that is known before a chunk is read.
 * All columns lie on SharedArrayBuffers, so that workers get them without a copy (chunks of few series on ordinary memory,
 * which is copied sooner); none is changed once it is given out.
 */
export interface Selection {
  /** Series, in label order, external labels attached and dropped ones gone; ids 0..count-1 mean them in this query only. */
  readonly count: number;
  /** name, value, name, value, ... of a series, sorted by name, none of them empty. */
  pairs(id: number): readonly string[];
  /** The series' labels as a JSON object in UTF-8, as Prometheus writes it: `{"__name__":"up","job":"api"}`. */
  json(id: number): Uint8Array;
  /**
   * Labels of all series as JSON objects by id, on shared memory, with the metric's name or without it; undefined where
   * without it the order of series, or whether they differ, may be another.
   */
  labelsJson(withName: boolean): LabelTexts | undefined;
  /** 1 for each series that has a chunk in the asked time. */
  readonly present: Uint8Array;
  /** Labels of the present series, `limit` at most, as JSON objects with commas between, in parts. */
  jsonRows(limit: number): Generator<Uint8Array>;
  /** Label names, and values of one label, of the present series, in byte order. */
  labelNames(): readonly string[];
  labelValues(name: string): readonly string[];
  /**
   * Series by the labels of `names`, or by all but those (`without`, which leaves `__name__` in unless it is named).
   * Groups are numbered in the order of their first series; their labels are as `pairs` gives them.
   */
  groupBy(names: readonly string[], without: boolean): Grouping;
  /** One for each block, and for each replica where a block holds several; oldest first. */
  readonly parts: readonly SelectionPart[];
  /** Labels that told the replicas apart, by `SelectionPart.replica`, as `pairs` gives them; the preferred one first. */
  readonly replicas: readonly (readonly string[])[];
  /** Whether two parts of one replica overlap in time: their samples are merged by timestamp. */
  readonly overlapping: boolean;
  /** Chunks that overlap the asked time, and their bytes. */
  readonly chunkCount: number;
  readonly sizeBytes: number;
  /** What the samples in those chunks cannot exceed, by their bytes and time; usually several times the true number. */
  readonly maxSamples: number;
  /** The same by the mean samples of a chunk that each block's meta.json tells. */
  readonly expectedSamples: number;
}

export interface Grouping {
  readonly groups: readonly (readonly string[])[];
  /** Group of each series. */
  readonly groupOf: Uint32Array;
}

/** What one block holds of a selection. */
export interface SelectionPart {
  readonly ulid: string;
  /** The block's time, [minTimeMs, maxTimeMs). */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  /** Windows of downsampling; 0: raw samples. */
  readonly resolutionMs: number;
  /** Which of the selection's `replicas` wrote it. */
  readonly replica: number;
  /** Chunks of series i that overlap the asked time: rows [chunkFrom[i], chunkTo[i]) of `chunks`, oldest first; equal: none. */
  readonly chunkFrom: Uint32Array;
  readonly chunkTo: Uint32Array;
  readonly chunks: ChunkColumns;
  /** Deleted time by series id; absent: nothing is deleted. */
  readonly deleted?: ReadonlyMap<number, readonly DeletedTime[]>;
  readonly files: ChunkFiles;
}

/** All chunks that are known of one block, a row each; shared by all selections of that block. */
export interface ChunkColumns {
  /** First and last sample of a chunk in ms after `baseMs`; 32 bits where the block's span allows, else doubles. */
  readonly baseMs: number;
  readonly minMs: Int32Array | Float64Array;
  readonly maxMs: Int32Array | Float64Array;
  /** Number of the segment file; 0 is file 000001. */
  readonly segment: Uint16Array;
  /**
   * First byte of the chunk's entry (its length field) in the segment file, and the byte after it as far as the index
   * tells: usually exact, else a guess. The entry's own length decides; where it is longer, it is read again.
   */
  readonly offset: Uint32Array;
  readonly endOffset: Uint32Array;
}

/** The segment files of one block. */
export interface ChunkFiles {
  /** Path for reading in place, where the bucket is a folder. */
  path(segment: number): string | undefined;
  /** Files that lie on shared memory, by number: XOR data without entries around them, whose sums were right. */
  readonly memory?: readonly Uint8Array[];
  /** Bytes of a segment file by range, fewer only where it ends. Raises as `Bucket.getRange` does. */
  read(segment: number, offset: number, lengthBytes: number, signal?: AbortSignal): Promise<Uint8Array>;
}
