import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ChunkList, IndexWriter } from './index-writer.ts';
import { SegmentWriter } from './segment-writer.ts';

export interface BlockWriterOptions {
  /** Bytes of memory for symbols and postings; what exceeds them goes to files. */
  readonly memoryBytes: number;
  readonly segmentBytes?: number;
}

/** What a finished block holds, for its meta.json. */
export interface WrittenBlock {
  readonly stats: {
    readonly numSamples: number;
    readonly numSeries: number;
    readonly numChunks: number;
    readonly numFloatSamples: number;
    readonly numHistogramSamples: number;
  };
  /** Paths below the folder in the order of upload, and their sizes. */
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[];
  readonly maxSeriesBytes: number;
  readonly maxChunkBytes: number;
}

/** A chunk in the order of time, whole as a segment's entry. */
export interface WrittenChunk {
  readonly minTime: number;
  readonly maxTime: number;
}

/**
 * Writes one block into a folder: all symbols in byte order, then series in the order of their labels with their chunks.
 * Nothing of the size of the block is held in memory.
 */
export class BlockWriter {
  readonly index: IndexWriter;
  readonly segments: SegmentWriter;
  /** Chunks of the series that is being written. */
  readonly chunks = new ChunkList();
  numFloatSamples = 0;
  numHistogramSamples = 0;
  maxChunkBytes = 0;
  private numChunks = 0;

  constructor(folder: string, options: BlockWriterOptions) {
    mkdirSync(folder, { recursive: true });
    this.segments = new SegmentWriter(folder, options.segmentBytes);
    this.index = new IndexWriter(join(folder, 'index'), folder, options.memoryBytes);
  }

  /** Appends one chunk of the current series, given as a whole entry of a segment. */
  addChunk(entry: Uint8Array, chunk: WrittenChunk): void {
    const reference = this.segments.begin(entry.length);
    this.segments.write(entry);
    this.chunks.add(chunk.minTime, chunk.maxTime, reference);
    if (entry.length > this.maxChunkBytes) this.maxChunkBytes = entry.length;
  }

  /** Ends the current series; one without chunks is left out. */
  endSeries(labels: Uint32Array): void {
    if (this.chunks.count > 0) {
      this.index.addSeries(labels, this.chunks);
      this.numChunks += this.chunks.count;
    }
    this.chunks.clear();
  }

  finish(): WrittenBlock {
    this.segments.finish();
    const indexBytes = this.index.finish();
    return {
      stats: {
        numSamples: this.numFloatSamples + this.numHistogramSamples,
        numSeries: this.index.seriesCount,
        numChunks: this.numChunks,
        numFloatSamples: this.numFloatSamples,
        numHistogramSamples: this.numHistogramSamples,
      },
      files: [...this.segments.files, { path: 'index', sizeBytes: indexBytes }],
      maxSeriesBytes: this.index.maxEntryBytes,
      maxChunkBytes: this.maxChunkBytes,
    };
  }
}
