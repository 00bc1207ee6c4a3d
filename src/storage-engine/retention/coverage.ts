import { lineageOf } from '../format/block-lineage.ts';
import { type BlockMeta, blockResolutionMs, externalLabels } from '../format/block-meta.ts';
import { type TimeRange, uniteRanges } from './time-ranges.ts';

/** A block as far as it can stand in for a finer one, or be stood in for. */
export interface Coverable<T extends string | number> extends TimeRange {
  readonly resolutionMs: number;
  /** All external labels: `labelsKey`. */
  readonly labels: string;
  /** Ancestors, ascending, rewritten blocks resolved to their originals. */
  readonly roots: ArrayLike<T>;
}

/**
 * What coarser blocks cover of finer ones. A block is covered by those of its labels that together descend from all that it
 * descends from: one that came late, and that no coarser block knows yet, is not, though time alone would say so.
 */
export class Coverage<T extends string | number> {
  readonly #byKey: ReadonlyMap<string, readonly Coverable<T>[]>;

  constructor(blocks: Iterable<Coverable<T>>) {
    this.#byKey = Map.groupBy(blocks, ({ resolutionMs, labels }) => `${resolutionMs}@${labels}`);
  }

  /** Time for which blocks of the given resolution cover a block; in order without overlaps. */
  of(block: Coverable<T>, resolutionMs: number): readonly TimeRange[] {
    const near = (this.#byKey.get(`${resolutionMs}@${block.labels}`) ?? []).filter(
      (other) => other.startMs < block.endMs && other.endMs > block.startMs,
    );
    let missing: readonly T[] = Array.from(block.roots);
    for (const { roots } of near) {
      if (missing.length === 0) break;
      missing = without(missing, roots);
    }
    return missing.length > 0 ? [] : uniteRanges(near);
  }
}

/** What of `some` is not in `others`; both ascending. */
function without<T extends string | number>(some: readonly T[], others: ArrayLike<T>): readonly T[] {
  let at = 0;
  return some.filter((one) => {
    while (at < others.length && others[at]! < one) at++;
    return others[at] !== one;
  });
}

export function labelsKey(external: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(external).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const known = new WeakMap<BlockMeta, Coverable<string>>();

export function coverableOf(meta: BlockMeta): Coverable<string> {
  let found = known.get(meta);
  if (found === undefined) {
    found = {
      startMs: meta.minTime,
      endMs: meta.maxTime,
      resolutionMs: blockResolutionMs(meta),
      labels: labelsKey(externalLabels(meta)),
      roots: lineageOf(meta).roots,
    };
    known.set(meta, found);
  }
  return found;
}

/** Coverage by the blocks that readers use. */
export function coverageOfMetas(metas: readonly BlockMeta[]): Coverage<string> {
  return new Coverage(metas.filter((meta) => blockResolutionMs(meta) > 0).map(coverableOf));
}
