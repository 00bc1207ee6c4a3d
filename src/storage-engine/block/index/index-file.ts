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
  readonly version: IndexVersion;
  readonly toc: IndexToc;

  private constructor(source: RangeSource, version: IndexVersion, toc: IndexToc) {
    this.source = source;
    this.version = version;
    this.toc = toc;
  }

  static async open(source: RangeSource): Promise<IndexFile> {
    if (source.sizeBytes < indexHeaderBytes + tocBytes)
      throw new CorruptDataError(`index: ${source.sizeBytes} bytes are no index`);
    const tail = await source.read(source.sizeBytes - tocBytes, tocBytes);
    const toc = readIndexToc(tail, source.sizeBytes);
    if (toc.symbols < indexHeaderBytes || toc.series === 0)
      throw new CorruptDataError('index: symbols or series are absent');
    const head = await source.read(0, indexHeaderBytes);
    return new IndexFile(source, readIndexVersion(head), toc);
  }

  /** Where the section that starts at `start` ends at the latest: at the next one, or at the table of contents. */
  endOf(start: number): number {
    return Math.min(
      this.source.sizeBytes - tocBytes,
      ...Object.values(this.toc).filter((other) => other > start),
    );
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
