import { closeSync, openSync, readSync } from 'node:fs';
import type { ReadSegment } from './run-task.ts';
import type { FetchedRange, TaskPart } from './task.ts';

/** Reads segment files in place, or what was fetched of them. Files are opened when first needed and closed by `close`. */
export class SegmentReader {
  private readonly parts: readonly TaskPart[];
  private readonly open = new Map<string, number>();

  constructor(parts: readonly TaskPart[]) {
    this.parts = parts;
  }

  readonly read: ReadSegment = (part, segment, offset, target) => {
    const { fetched, paths } = this.parts[part]!;
    if (fetched !== undefined) return copyFetched(fetched, segment, offset, target);
    const path = paths[segment]!;
    let file = this.open.get(path);
    if (file === undefined) {
      file = openSync(path, 'r');
      this.open.set(path, file);
    }
    for (let done = 0; done < target.length; ) {
      const count = readSync(file, target, done, target.length - done, offset + done);
      if (count === 0) {
        // Bytes that are not there have no checksum that could be right.
        target.fill(0, done);
        return;
      }
      done += count;
    }
  };

  close(): void {
    for (const file of this.open.values()) closeSync(file);
    this.open.clear();
  }
}

/** Between fetched ranges lies nothing that is wanted: chunks that are not there have no checksum that could be right. */
function copyFetched(
  ranges: readonly FetchedRange[],
  segment: number,
  offset: number,
  target: Uint8Array,
): void {
  target.fill(0);
  for (const range of ranges) {
    if (range.segment !== segment) continue;
    const from = Math.max(offset, range.offset);
    const to = Math.min(offset + target.length, range.offset + range.bytes.length);
    if (from < to) target.set(range.bytes.subarray(from - range.offset, to - range.offset), from - offset);
  }
}
