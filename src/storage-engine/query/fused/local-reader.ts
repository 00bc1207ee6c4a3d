import { closeSync, openSync, readSync } from 'node:fs';
import type { ReadSegment } from './run-task.ts';
import type { TaskPart } from './task.ts';

/** Reads segment files in place. Files are opened when first needed and closed by `close`. */
export class LocalReader {
  private readonly parts: readonly TaskPart[];
  private readonly open = new Map<string, number>();

  constructor(parts: readonly TaskPart[]) {
    this.parts = parts;
  }

  readonly read: ReadSegment = (part, segment, offset, target) => {
    const path = this.parts[part]!.paths[segment]!;
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
