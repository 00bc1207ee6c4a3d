import { CorruptDataError } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import {
  seriesAlignmentBytes,
  seriesChecksumBytes,
  seriesEntry,
  verifySeries,
} from '../../format/index-series.ts';
import { SymbolTable } from '../../format/index-symbols.ts';
import { ColumnsBuilder, type IndexColumns, type SizeHint } from './index-columns.ts';
import type { IndexFile } from './index-file.ts';
import type { SymbolDictionary } from './symbol-dictionary.ts';

export interface LoadOptions {
  readonly symbols: SymbolDictionary;
  /** Chunk times are kept relative to this. */
  readonly baseMs: number;
  readonly hint: SizeHint;
  readonly segmentBytes: (segment: number) => number | undefined;
  /** Whether a read costs a request to a remote bucket. */
  readonly remote: boolean;
  /** Whether checksums of entries are verified; once per process is enough. */
  readonly verify: boolean;
  /** Lets other work of the process run when it is time to. */
  readonly pause: () => Promise<void> | undefined;
}

/**
 * Reads symbols and all series of an index into columns. Posting lists are not read: they say again what the labels of
 * the series say.
 */
export async function loadIndex(file: IndexFile, options: LoadOptions): Promise<IndexColumns> {
  const { toc } = file;
  const { version, section } = await file.front(Math.max(toc.symbols, toc.series));
  const [symbolSection, series] = [section(toc.symbols), section(toc.series)];
  const { verify } = options;
  const symbols = new SymbolTable(symbolSection, version);
  const ids = options.symbols.intern(symbols);
  const idOf = (reference: number) => ids[symbols.indexOf(reference)]!;
  const builder = new ColumnsBuilder({
    symbols: options.symbols,
    idOf,
    baseMs: options.baseMs,
    hint: boundedHint(options.hint, series.length),
  });
  for (let at = 0, sliceEnd = limits.indexSliceBytes; ; ) {
    at = nextEntry(series, at, toc.series, version === 1);
    if (at === series.length) break;
    const { start, end, whole } = seriesEntry(series, at, toc.series);
    if (!whole) throw new CorruptDataError(`index: series at ${toc.series + at} reaches beyond its section`);
    if (verify) verifySeries(series, start, end, toc.series);
    const reference = version === 1 ? toc.series + at : (toc.series + at) / seriesAlignmentBytes;
    builder.add(series, start, end, reference);
    at = end + seriesChecksumBytes;
    if (at < sliceEnd) continue;
    sliceEnd = at + limits.indexSliceBytes;
    await options.pause();
  }
  return builder.finish(options.segmentBytes, true);
}

/** Numbers of meta.json are taken as far as the section can hold them. */
function boundedHint({ series, chunks }: SizeHint, sectionBytes: number): SizeHint {
  const known = (value: number) => Number.isSafeInteger(value) && value > 0;
  return {
    series: known(series) ? Math.min(series, Math.floor(sectionBytes / 8)) : 1024,
    chunks: known(chunks) ? Math.min(chunks, Math.floor(sectionBytes / 3)) : 4096,
  };
}

/** Where the next series starts: entries are aligned in the file (not in version 1) and padded with zeros. */
function nextEntry(series: Uint8Array, at: number, base: number, packed: boolean): number {
  if (packed) {
    let start = at;
    while (start < series.length && series[start] === 0) start++;
    return start;
  }
  const start = Math.ceil((base + at) / seriesAlignmentBytes) * seriesAlignmentBytes - base;
  return Math.min(start, series.length);
}
