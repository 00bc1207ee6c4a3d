import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { limits } from '../../base/limits.ts';
import { chunkReference } from '../format/chunk.ts';
import { segmentHeader } from '../format/chunk-writer.ts';
import { segmentFile } from './block-files.ts';
import { FileSink } from './file-sink.ts';

/** Writes a block's chunk segments; a segment ends before the entry that would make it too large. */
export class SegmentWriter {
  private readonly folder: string;
  private readonly maxBytes: number;
  private sink: FileSink | undefined;
  private segment = -1;
  /** Finished segments and the current one: paths below the block and their sizes. */
  readonly files: { path: string; sizeBytes: number }[] = [];

  constructor(folder: string, maxBytes: number = limits.segmentBytes) {
    this.folder = folder;
    this.maxBytes = maxBytes;
    mkdirSync(join(folder, 'chunks'), { recursive: true });
  }

  /** Makes sure that entries of `lengthBytes` bytes lie in one segment; returns the reference of the next entry. */
  begin(lengthBytes: number): number {
    if (this.sink === undefined || this.sink.position + lengthBytes > this.maxBytes) this.cut();
    return chunkReference({ segment: this.segment, offset: this.sink!.position });
  }

  /** Room that is left for entries in the current segment. */
  get room(): number {
    return this.sink === undefined ? 0 : this.maxBytes - this.sink.position;
  }

  /** Appends whole entries for which `begin` was called. */
  write(bytes: Uint8Array): void {
    this.sink!.raw(bytes);
  }

  private cut(): void {
    this.finishSegment();
    this.segment++;
    const path = segmentFile(this.segment);
    this.sink = new FileSink(join(this.folder, path));
    this.sink.raw(segmentHeader);
    this.files.push({ path, sizeBytes: 0 });
  }

  private finishSegment(): void {
    if (this.sink === undefined) return;
    this.files.at(-1)!.sizeBytes = this.sink.position;
    this.sink.close();
    this.sink = undefined;
  }

  finish(): void {
    this.finishSegment();
  }
}
