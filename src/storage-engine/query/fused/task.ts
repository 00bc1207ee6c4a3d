import type { LabelTexts } from '../../kernels/row-text.ts';
import type { WindowFunction, WindowOperator } from '../../kernels/window-functions.ts';

/** A window function, aggregated or not, over series of one selection: what one thread is asked to do. */
export interface WindowTask {
  readonly function: WindowFunction;
  /** Absent: a row for each series. */
  readonly operator?: WindowOperator;
  /** Reference time of the first step, time between steps and their number; each window is (time - range, time]. */
  readonly firstMs: number;
  readonly stepMs: number;
  readonly steps: number;
  readonly rangeMs: number;
  /** Rows are wanted as text, those with a value alone. */
  readonly text?: TaskText;
  readonly series: SeriesShare;
  /** In the order of their replicas. */
  readonly parts: readonly TaskPart[];
  /** Parts of one series are joined, and replicas deduplicated: what that looks at before and behind the windows. */
  readonly mergeMarginMs?: number;
}

/** How rows become series of Prometheus's JSON. */
export interface TaskText {
  /** Time of the first step as it is shown, offset and `@` apart. */
  readonly firstMs: number;
  readonly isVector: boolean;
  /** Of all series of the selection, by id. */
  readonly labels: LabelTexts;
  /** Where the text is to be put as far as there is room, on shared memory. */
  readonly target?: Uint8Array;
}

/** Series with commas between, in UTF-8: first those in the task's target, then others in parts that have one at least. */
export interface WrittenRows {
  readonly usedBytes: number;
  readonly parts: readonly Uint8Array<ArrayBuffer>[];
  /** How many series all of them are. */
  readonly rows: number;
}

/** The series of a task: ids [from, to) of the selection, and for an operator the group of each id. */
export interface SeriesShare {
  readonly from: number;
  readonly to: number;
  readonly groupOf?: Uint32Array;
  readonly groups: number;
}

/** One block of a selection, as `SelectionPart` has it; columns on shared memory. */
export interface TaskPart {
  readonly replica: number;
  /** The block's time, [minTimeMs, maxTimeMs). */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly chunkFrom: Uint32Array;
  readonly chunkTo: Uint32Array;
  readonly baseMs: number;
  readonly minMs: Int32Array | Float64Array;
  readonly maxMs: Int32Array | Float64Array;
  readonly segment: Uint16Array;
  readonly offset: Uint32Array;
  readonly endOffset: Uint32Array;
  /** 1 where a chunk's checksum was verified in this process. */
  readonly verified: Uint8Array;
  /** Paths of segment files by number, where they can be read in place. */
  readonly paths: readonly (string | undefined)[];
  /** What was fetched of files that cannot be read in place. */
  readonly fetched?: readonly FetchedRange[];
  /** Chunks are XOR data without a frame around them. */
  readonly isBare?: boolean;
}

/** Bytes of a segment file from an offset on, on shared memory. */
export interface FetchedRange {
  readonly segment: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Missing values are stale markers: read as bits. */
export interface WindowResult {
  /** Rows of `steps` values: by series, or by group; none where text is wanted. */
  readonly rows: Float64Array;
  readonly written?: WrittenRows;
  /** By group: the id of the first series that had a value, 2^32 - 1 where none had. */
  readonly firsts?: Uint32Array;
  /** Samples in all windows, and values that the function gave. */
  readonly samplesSeen: number;
  readonly results: number;
  readonly samplesDecoded: number;
  readonly bytesRead: number;
}

/** What a thread is sent, and what it sends back. */
export interface ThreadRequest {
  readonly task: WindowTask;
  /** One word on shared memory: not 0 once the answer is no longer wanted. */
  readonly canceled: Int32Array;
}

export interface ThreadAnswer {
  /** Undefined: the generic path is to do it. */
  readonly result: WindowResult | undefined;
  readonly fault?: string;
}
