import type { BlockStore, KnownBlock } from '../block/block-store.ts';
import { blockResolutionMs, externalLabels } from '../format/block-meta.ts';
import type { RetentionDocument } from '../format/retention-document.ts';
import type { PolicyReport, RetentionAmounts, RetentionPreview } from '../format/retention-report.ts';
import { type Coverage, coverableOf } from '../retention/coverage.ts';
import { type BlockTime, compileMatchers, hiddenTime, type Verdict } from '../retention/retention.ts';
import { labelLookup } from '../retention/series-labels.ts';
import type { TimeRange } from '../retention/time-ranges.ts';

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

/**
 * What goes by one policy alone: series exactly, bytes by the chunks of the index, samples by the mean of each block's chunks
 * and the time of a chunk that goes. `document` names the policies that are in force, to find conflicts.
 */
export async function previewPolicy(
  policy: RetentionPreview,
  document: RetentionDocument,
  options: PreviewOptions,
): Promise<PolicyReport> {
  const rules = policy.rules.map(({ matchers, keep }) => ({ takes: compileMatchers(matchers), keep }));
  const erase = policy.erase.map(({ matchers, untilMs }) => ({ takes: compileMatchers(matchers), untilMs }));
  const others = document.policies
    .filter(({ name }) => name !== policy.name)
    .map(({ name, rules: own }) => ({ name, rules: own.map(({ matchers }) => compileMatchers(matchers)) }));
  const byRule = rules.map(nothing);
  const total = nothing();
  const conflicts = new Set<string>();
  let [waitingBytes, touchedBlocks] = [0, 0];
  for (const known of options.blocks) {
    options.signal.throwIfAborted();
    const external = externalLabels(known.meta);
    if (!Object.entries(document.scope).every(([name, value]) => external[name] === value)) continue;
    const merged = await options.store.select([known], [], [], options.signal, (_, error) => {
      throw error;
    });
    const { meta } = known;
    const time: BlockTime = {
      startMs: meta.minTime,
      endMs: meta.maxTime,
      resolutionMs: blockResolutionMs(meta),
      coveredAt: (resolutionMs) => options.coverage.of(coverableOf(meta), resolutionMs),
    };
    const { numSamples = 0, numChunks = 0 } = meta.stats ?? {};
    const meanSamples = numChunks === 0 ? 0 : numSamples / numChunks;
    let touched = false;
    for (const part of merged.parts) {
      const { chunks } = part.columns;
      for (let id = 0; id < merged.count; id++) {
        const [from, to] = [part.chunkFrom[id]!, part.chunkTo[id]!];
        if (from === to) continue;
        const label = labelLookup(external, merged.pairs(id));
        const at = rules.findIndex((rule) => rule.takes(label));
        const erased = erase.filter((each) => each.takes(label)).map(({ untilMs }) => untilMs);
        if (at < 0 && erased.length === 0) continue;
        if (at >= 0)
          for (const { name, rules: own } of others)
            if (own.some((matches) => matches(label))) conflicts.add(name);
        const verdict: Verdict = {
          keep: rules[at]?.keep,
          erasures: [],
          erasedUntilMs: Math.max(Number.NEGATIVE_INFINITY, ...erased),
          conflicts: [],
        };
        const { past, erased: gone, waiting } = hiddenTime(verdict, time, options.nowMs);
        const cut = nothing();
        for (let row = from; row < to; row++) {
          const [first, last] = [chunks.baseMs + chunks.minMs[row]!, chunks.baseMs + chunks.maxMs[row]!];
          const sizeBytes = chunks.endOffset[row]! - chunks.offset[row]!;
          const share = Math.min(1, shareOf(first, last, past) + shareOf(first, last, gone));
          cut.samples += meanSamples * share;
          cut.sizeBytes += sizeBytes * share;
          waitingBytes += sizeBytes * shareOf(first, last, waiting);
        }
        if (cut.sizeBytes === 0) continue;
        touched = true;
        add(total, { ...cut, series: 1 });
        if (at >= 0) add(byRule[at]!, { ...cut, series: 1 });
      }
    }
    if (touched) touchedBlocks++;
  }
  return {
    name: policy.name,
    atMs: options.nowMs,
    exact: false,
    ...rounded(total),
    blocks: touchedBlocks,
    rules: byRule.map((tally, rule) => ({ rule, ...rounded(tally) })),
    waitingBytes: Math.round(waitingBytes),
    conflicts: [...conflicts].sort(),
  };
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
