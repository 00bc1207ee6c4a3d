import { CorruptDataError } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import {
  type IndexToc,
  type IndexVersion,
  indexHeaderBytes,
  readIndexToc,
  readIndexVersion,
  tocBytes,
} from '../../format/index-toc.ts';
import { type RangeSource, readLarge } from '../range-source.ts';

/** An index file whose header and table of contents were read. */
export class IndexFile {
  readonly source: RangeSource;
  readonly toc: IndexToc;

  private constructor(source: RangeSource, toc: IndexToc) {
    this.source = source;
    this.toc = toc;
  }

  /** `whole`: all of it is to be read. */
  static async open(source: RangeSource, whole: boolean): Promise<IndexFile> {
    if (source.sizeBytes < indexHeaderBytes + tocBytes)
      throw new CorruptDataError(`index: ${source.sizeBytes} bytes are no index`);
    const from = whole && source.sizeBytes <= limits.indexOneReadBytes ? await heldWhole(source) : source;
    const tail = await from.read(source.sizeBytes - tocBytes, tocBytes);
    const toc = readIndexToc(tail, source.sizeBytes);
    if (toc.symbols < indexHeaderBytes || toc.series === 0)
      throw new CorruptDataError('index: symbols or series are absent');
    return new IndexFile(from, toc);
  }

  /** Where the section that starts at `start` ends at the latest: at the next one, or at the table of contents. */
  endOf(start: number): number {
    return Math.min(
      this.source.sizeBytes - tocBytes,
      ...Object.values(this.toc).filter((other) => other > start),
    );
  }

  /**
   * The index's version and the content of sections from the file's start up to `lastStart`'s: in one range, as writers put
   * symbols and series first.
   */
  async front(lastStart: number): Promise<{ version: IndexVersion; section: (start: number) => Uint8Array }> {
    const end = this.endOf(lastStart);
    if (end > limits.indexSectionBytes)
      throw new CorruptDataError(
        `index: ${end} bytes up to the end of its symbols are above the limit of ${limits.indexSectionBytes}`,
      );
    const bytes = await readLarge(this.source, 0, end);
    return {
      version: readIndexVersion(bytes.subarray(0, indexHeaderBytes)),
      section: (start) => bytes.subarray(start, this.endOf(start)),
    };
  }

  /** A whole section that is to be held. */
  async section(start: number): Promise<Uint8Array> {
    if (start === 0) throw new CorruptDataError('index: a section is absent');
    const sizeBytes = this.endOf(start) - start;
    if (sizeBytes > limits.indexSectionBytes)
      throw new CorruptDataError(
        `index: a section of ${sizeBytes} bytes is above the limit of ${limits.indexSectionBytes}`,
      );
    return readLarge(this.source, start, sizeBytes);
  }
}

async function heldWhole(source: RangeSource): Promise<RangeSource> {
  const bytes = await readLarge(source, 0, source.sizeBytes);
  return {
    sizeBytes: source.sizeBytes,
    read: async (offset, lengthBytes) => bytes.subarray(offset, offset + lengthBytes),
  };
}
