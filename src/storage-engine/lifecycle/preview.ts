import { limits } from '../../base/limits.ts';
import type { BlockStore, KnownBlock } from '../block/block-store.ts';
import { readChunks } from '../block/chunk-reader.ts';
import { narrow } from '../block/merge/narrow.ts';
import type { ChunkColumns, SelectionPart } from '../block/selection.ts';
import { type BlockMeta, blockResolutionMs, externalLabels } from '../format/block-meta.ts';
import type { RetentionDocument } from '../format/retention-document.ts';
import type { PolicyReport, RetentionAmounts, RetentionPreview } from '../format/retention-report.ts';
import { type Coverage, coverableOf } from '../retention/coverage.ts';
import {
  type BlockTime,
  compileMatchers,
  hiddenTime,
  type LabelOf,
  type Verdict,
} from '../retention/retention.ts';
import { labelLookup } from '../retention/series-labels.ts';
import { type TimeRange, uniteRanges } from '../retention/time-ranges.ts';
import { type ChunkCut, measureCut } from './chunk-measure.ts';

export interface PreviewOptions {
  readonly store: BlockStore;
  readonly blocks: readonly KnownBlock[];
  readonly coverage: Coverage<string>;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

interface Tally {
  series: number;
  samples: number;
  sizeBytes: number;
}

const nothing = (): Tally => ({ series: 0, samples: 0, sizeBytes: 0 });

/** What of one series of a block goes, and by which rule. */
interface SeriesCut {
  /** -1: an erasure alone takes it. */
  readonly rule: number;
  readonly from: number;
  readonly to: number;
  readonly gone: readonly TimeRange[];
  readonly waiting: readonly TimeRange[];
}

/**
 * What goes by one policy alone. Series are counted exactly. Bytes and samples are estimated by the chunks of the index, the
 * mean of each block's chunks and the time of a chunk that goes; where the policy asks for it they are read from the chunks.
 * `document` names the policies that are in force, to find conflicts.
 */
export async function previewPolicy(
  policy: RetentionPreview,
  document: RetentionDocument,
  options: PreviewOptions,
): Promise<PolicyReport> {
  const judge = judgeOf(policy, document, options.nowMs);
  const byRule = policy.rules.map(nothing);
  const total = nothing();
  let [waitingBytes, touchedBlocks] = [0, 0];
  for (const known of options.blocks) {
    options.signal.throwIfAborted();
    const { meta } = known;
    const external = externalLabels(meta);
    if (!Object.entries(document.scope).every(([name, value]) => external[name] === value)) continue;
    const merged = await options.store.select([known], [], [], options.signal, (_, error) => {
      throw error;
    });
    const time: BlockTime = {
      startMs: meta.minTime,
      endMs: meta.maxTime,
      resolutionMs: blockResolutionMs(meta),
      coveredAt: (resolutionMs) => options.coverage.of(coverableOf(meta), resolutionMs),
    };
    let touched = false;
    for (const part of narrow(merged, meta.minTime, meta.maxTime).parts) {
      const measure = policy.exact ? exactMeasure(part, options.signal) : estimate(part, meta);
      for (let id = 0; id < merged.count; id++) {
        const [from, to] = [part.chunkFrom[id]!, part.chunkTo[id]!];
        if (from === to) continue;
        const judged = judge(labelLookup(external, merged.pairs(id)), time);
        if (judged === undefined) continue;
        const cut = { ...judged, from, to };
        const lost = measure(cut);
        const { samples, sizeBytes } = lost instanceof Promise ? await lost : lost;
        waitingBytes += waitingOf(part, cut);
        if (sizeBytes === 0) continue;
        touched = true;
        add(total, { samples, sizeBytes, series: 1 });
        if (cut.rule >= 0) add(byRule[cut.rule]!, { samples, sizeBytes, series: 1 });
      }
    }
    if (touched) touchedBlocks++;
  }
  return {
    name: policy.name,
    atMs: options.nowMs,
    exact: policy.exact,
    ...rounded(total),
    blocks: touchedBlocks,
    rules: byRule.map((tally, rule) => ({ rule, ...rounded(tally) })),
    waitingBytes: Math.round(waitingBytes),
    conflicts: [...judge.conflicts].sort(),
  };
}

/** What goes of a series by the policy alone; undefined where nothing of it takes the series. Notes who else takes it. */
function judgeOf(policy: RetentionPreview, document: RetentionDocument, nowMs: number) {
  const rules = policy.rules.map(({ matchers, keep }) => ({ takes: compileMatchers(matchers), keep }));
  const erase = policy.erase.map(({ matchers, untilMs }) => ({ takes: compileMatchers(matchers), untilMs }));
  const others = document.policies
    .filter(({ name }) => name !== policy.name)
    .map(({ name, rules: own }) => ({ name, rules: own.map(({ matchers }) => compileMatchers(matchers)) }));
  const conflicts = new Set<string>();
  const judge = (
    label: LabelOf,
    time: BlockTime,
  ): Pick<SeriesCut, 'rule' | 'gone' | 'waiting'> | undefined => {
    const rule = rules.findIndex(({ takes }) => takes(label));
    const erased = erase.filter(({ takes }) => takes(label)).map(({ untilMs }) => untilMs);
    if (rule < 0 && erased.length === 0) return undefined;
    if (rule >= 0)
      for (const { name, rules: own } of others)
        if (own.some((matches) => matches(label))) conflicts.add(name);
    const verdict: Verdict = {
      keep: rules[rule]?.keep,
      erasures: [],
      erasedUntilMs: Math.max(Number.NEGATIVE_INFINITY, ...erased),
      conflicts: [],
    };
    const { past, erased: gone, waiting } = hiddenTime(verdict, time, nowMs);
    return { rule, gone: uniteRanges([...past, ...gone]), waiting };
  };
  return Object.assign(judge, { conflicts });
}

type Measure = (cut: SeriesCut) => ChunkCut | Promise<ChunkCut>;

/** By the index alone: a part of a chunk's time is taken for the same part of its samples. */
function estimate({ chunks }: SelectionPart, { stats }: BlockMeta): Measure {
  const { numSamples = 0, numChunks = 0 } = stats ?? {};
  const meanSamples = numChunks === 0 ? 0 : numSamples / numChunks;
  return ({ from, to, gone }) => {
    let [samples, sizeBytes] = [0, 0];
    for (let row = from; row < to; row++) {
      const share = Math.min(1, shareOf(...timesOf(chunks, row), gone));
      samples += meanSamples * share;
      sizeBytes += (chunks.endOffset[row]! - chunks.offset[row]!) * share;
    }
    return { samples, sizeBytes };
  };
}

/** By the chunks themselves: of those that anything goes of, a bounded number at a time. */
function exactMeasure(part: SelectionPart, signal: AbortSignal): Measure {
  const { chunks } = part;
  return async ({ from, to, gone }) => {
    let [samples, sizeBytes] = [0, 0];
    const rows: number[] = [];
    for (let row = from; row < to; row++) if (shareOf(...timesOf(chunks, row), gone) > 0) rows.push(row);
    for (let at = 0; at < rows.length; at += limits.previewChunksAtOnce) {
      const batch = Uint32Array.from(rows.slice(at, at + limits.previewChunksAtOnce));
      const read = await readChunks(part, batch, signal);
      read.forEach((chunk, i) => {
        const [firstMs, lastMs] = timesOf(chunks, batch[i]!);
        const cut = measureCut(chunk, { firstMs, lastMs }, gone);
        samples += cut.samples;
        sizeBytes += cut.sizeBytes;
      });
    }
    return { samples, sizeBytes };
  };
}

function waitingOf({ chunks }: SelectionPart, { from, to, waiting }: SeriesCut): number {
  let bytes = 0;
  if (waiting.length > 0)
    for (let row = from; row < to; row++)
      bytes += (chunks.endOffset[row]! - chunks.offset[row]!) * shareOf(...timesOf(chunks, row), waiting);
  return bytes;
}

/** First and last millisecond of a chunk. */
function timesOf(chunks: ChunkColumns, row: number): [firstMs: number, lastMs: number] {
  return [chunks.baseMs + chunks.minMs[row]!, chunks.baseMs + chunks.maxMs[row]!];
}

/** Part of a chunk's time, both ends included, that lies in the ranges. */
function shareOf(firstMs: number, lastMs: number, ranges: readonly TimeRange[]): number {
  const length = lastMs - firstMs + 1;
  let inside = 0;
  for (const { startMs, endMs } of ranges)
    inside += Math.max(0, Math.min(endMs, lastMs + 1) - Math.max(startMs, firstMs));
  return inside / length;
}

function add(to: Tally, more: RetentionAmounts): void {
  to.series += more.series;
  to.samples += more.samples;
  to.sizeBytes += more.sizeBytes;
}

function rounded({ series, samples, sizeBytes }: Tally): RetentionAmounts {
  return { series, samples: Math.round(samples), sizeBytes: Math.round(sizeBytes) };
}
