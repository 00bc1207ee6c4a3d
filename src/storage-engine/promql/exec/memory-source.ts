import type { LabelMatcher } from '../syntax/ast.ts';
import { compileMatcher } from '../syntax/matcher.ts';
import {
  type Buckets,
  copyHistogram,
  type FloatHistogram,
  sameBounds,
  usesCustomBuckets,
} from './histogram/float-histogram.ts';
import type { Labels } from './labels.ts';
import { type SampleSource, type SourceSeries, setStale } from './sample-source.ts';

/** A sample to be stored. */
export interface MemorySample {
  readonly timestampMs: number;
  readonly value: number | 'stale' | FloatHistogram;
  /** 0 or absent: unknown. */
  readonly startTimestampMs?: number;
}

/** A source that holds its series in memory: for tests, `promql` on small inputs, and rule tests. */
export class MemorySource implements SampleSource {
  readonly #series = new Map<string, { labels: Labels; samples: MemorySample[] }>();
  #sorted: SourceSeries[] | undefined;

  /** Appends samples to a series, newest last; samples not newer than the last are left out. */
  append(labels: Labels, samples: readonly MemorySample[]): void {
    let series = this.#series.get(labels.key);
    if (series === undefined) {
      series = { labels, samples: [] };
      this.#series.set(labels.key, series);
    }
    for (const sample of samples) {
      const last = series.samples.at(-1);
      if (last === undefined || sample.timestampMs > last.timestampMs) series.samples.push(sample);
    }
    this.#sorted = undefined;
  }

  async select(matchers: readonly LabelMatcher[]): Promise<readonly SourceSeries[]> {
    this.#sorted ??= [...this.#series.values()]
      .filter(({ samples }) => samples.length > 0)
      .sort((a, b) => a.labels.compare(b.labels))
      .map(({ labels, samples }) => columnsOf(labels, samples));
    const tests = matchers.map((matcher) => ({ name: matcher.name, matches: compileMatcher(matcher) }));
    return this.#sorted.filter(({ labels }) => tests.every(({ name, matches }) => matches(labels.get(name))));
  }
}

function columnsOf(labels: Labels, samples: readonly MemorySample[]): SourceSeries {
  const timestamps = Float64Array.from(samples, ({ timestampMs }) => timestampMs);
  const values = new Float64Array(samples.length);
  const histograms: (FloatHistogram | undefined)[] = [];
  let previous: FloatHistogram | undefined;
  for (const [index, { value }] of samples.entries()) {
    if (value === 'stale') setStale(values, index);
    else if (typeof value === 'number') values[index] = value;
    const current = typeof value === 'object' ? withResetHint(value, previous) : undefined;
    histograms.push(current);
    // Between histograms of one chunk nothing was reset; floats end a chunk, and so do stale markers.
    previous = current;
  }
  const isFloat = histograms.every((h) => h === undefined);
  const hasStarts = samples.some(({ startTimestampMs }) => startTimestampMs !== undefined);
  return {
    labels,
    timestamps,
    values,
    ...(!isFloat && { histograms }),
    ...(hasStarts && {
      startTimestamps: Float64Array.from(samples, (sample) => sample.startTimestampMs ?? 0),
    }),
  };
}

/** The hint a histogram has when read from a chunk: only the first of a chunk may follow a reset. */
function withResetHint(h: FloatHistogram, previous: FloatHistogram | undefined): FloatHistogram {
  const copy = copyHistogram(h);
  if (h.resetHint === 'gauge') return copy;
  copy.resetHint = previous !== undefined && continuesChunk(h, previous) ? 'not_reset' : 'unknown';
  return copy;
}

function continuesChunk(h: FloatHistogram, previous: FloatHistogram): boolean {
  if (previous.resetHint === 'gauge' || h.resetHint === 'reset') return false;
  if (h.count < previous.count || h.schema !== previous.schema) return false;
  if (h.zeroThreshold !== previous.zeroThreshold || h.zeroCount < previous.zeroCount) return false;
  if (usesCustomBuckets(h) && !sameBounds(h.customValues, previous.customValues)) return false;
  return bucketsGrew(h.positive, previous.positive) && bucketsGrew(h.negative, previous.negative);
}

function bucketsGrew(current: Buckets, previous: Buckets): boolean {
  const counts = new Map(current.indices.map((index, i) => [index, current.counts[i]!]));
  return previous.indices.every((index, i) => (counts.get(index) ?? 0) >= previous.counts[i]!);
}
