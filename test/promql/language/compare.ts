import type { DescribedValue } from '../../../src/storage-engine/promql/exec/described-series.ts';
import type { QueryResult } from '../../../src/storage-engine/promql/exec/engine.ts';
import {
  compactHistogram,
  copyHistogram,
  type FloatHistogram,
  histogramText,
  sameBounds,
} from '../../../src/storage-engine/promql/exec/histogram/float-histogram.ts';
import type { ResultSeries } from '../../../src/storage-engine/promql/exec/result-series.ts';
import type { EvalCommand, Expectation } from './parse-file.ts';

/** Relative error that Prometheus's own runner allows. */
const tolerance = 0.000001;
const smallestNormal = 2 ** -1022;

function almostEqual(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < smallestNormal) return difference < tolerance * smallestNormal;
  return difference / Math.min(sum, Number.MAX_VALUE) < tolerance;
}

function sameHistogram(expected: FloatHistogram, actual: FloatHistogram, hasHint: boolean): boolean {
  const [a, b] = [compactHistogram(copyHistogram(expected)), compactHistogram(copyHistogram(actual))];
  if (a.schema !== b.schema || !almostEqual(a.count, b.count) || !almostEqual(a.sum, b.sum)) return false;
  if (a.schema === -53 && !sameBounds(a.customValues, b.customValues)) return false;
  if (a.zeroThreshold !== b.zeroThreshold || !almostEqual(a.zeroCount, b.zeroCount)) return false;
  for (const side of ['positive', 'negative'] as const) {
    if (a[side].indices.join() !== b[side].indices.join()) return false;
    if (!a[side].counts.every((count, i) => almostEqual(count, b[side].counts[i]!))) return false;
  }
  return !hasHint || a.resetHint === b.resetHint;
}

function valueText(value: number | FloatHistogram): string {
  return typeof value === 'number' ? String(value) : `${histogramText(value)} (${value.resetHint})`;
}

function sameValue(expected: DescribedValue, actual: number | FloatHistogram): boolean {
  if (expected.kind === 'float') return typeof actual === 'number' && almostEqual(actual, expected.value);
  if (expected.kind === 'histogram') {
    return typeof actual !== 'number' && sameHistogram(expected.value, actual, expected.hasHint);
  }
  return false;
}

function describedText(value: DescribedValue): string {
  return 'value' in value ? valueText(value.value) : value.kind;
}

function matches(expectation: Expectation, text: string): boolean {
  return 'text' in expectation ? expectation.text === text : expectation.pattern.test(text);
}

/** Why a failure is not the expected one; undefined when it is. */
export function failureFault(command: EvalCommand, message: string): string | undefined {
  const unmet = command.failures.find((expectation) => !matches(expectation, message));
  if (unmet === undefined) return undefined;
  return `expected an error like ${JSON.stringify('text' in unmet ? unmet.text : unmet.pattern.source)}, got: ${message}`;
}

/** Why annotations are not the expected ones. */
export function annotationFault(command: EvalCommand, result: QueryResult): string | undefined {
  if (command.needsWarning && result.warnings.length === 0) return 'expected warnings but got none';
  if (command.needsInfo && result.infos.length === 0) return 'expected infos but got none';
  return (
    listFault('warning', command.warnings, result.warnings, command.noWarnings) ??
    listFault('info', command.infos, result.infos, command.noInfos)
  );
}

function listFault(
  level: string,
  expected: readonly Expectation[],
  actual: readonly string[],
  none: boolean,
): string | undefined {
  if (none && actual.length > 0) return `unexpected ${level}: ${actual.join(' | ')}`;
  if (expected.length === 0) return undefined;
  const missing = expected.find((expectation) => !actual.some((text) => matches(expectation, text)));
  if (missing !== undefined) {
    const wanted = 'text' in missing ? missing.text : missing.pattern.source;
    return `expected ${level} ${JSON.stringify(wanted)}, got: ${actual.join(' | ') || 'none'}`;
  }
  const surplus = actual.find((text) => !expected.some((expectation) => matches(expectation, text)));
  return surplus === undefined ? undefined : `unexpected ${level}: ${surplus}`;
}

/** Why a vector at one time is not the expected one. */
export function vectorFault(
  command: EvalCommand,
  series: readonly ResultSeries[],
  checkOrder: boolean,
): string | undefined {
  const seen = new Set<string>();
  for (const [index, { labels, points }] of series.entries()) {
    const expected = command.expectedSeries.get(labels.key);
    const actual = points[0]!.value;
    if (expected === undefined) return `unexpected series ${labels} ${valueText(actual)}`;
    if (checkOrder && expected.position !== index + 1)
      return `expected ${labels} at ${expected.position}, was at ${index + 1}`;
    if (!sameValue(expected.values[0]!, actual)) {
      return `expected ${labels} ${describedText(expected.values[0]!)}, got ${valueText(actual)}`;
    }
    seen.add(labels.key);
  }
  const missing = [...command.expectedSeries.values()].find(({ labels }) => !seen.has(labels.key));
  return missing === undefined ? undefined : `expected series ${missing.labels} not found`;
}

/** Why a matrix is not the expected one. */
export function matrixFault(
  command: EvalCommand,
  series: readonly ResultSeries[],
  times: { readonly startMs: number; readonly stepMs: number },
): string | undefined {
  const seen = new Set<string>();
  for (const { labels, points } of series) {
    const expected = command.expectedSeries.get(labels.key);
    const got = points.map(({ timestampMs, value }) => `${valueText(value)}@${timestampMs}`).join(' ');
    if (expected === undefined) return `unexpected series ${labels} ${got}`;
    seen.add(labels.key);
    const wanted = expected.values
      .map((value, i) => ({ value, timestampMs: times.startMs + i * times.stepMs }))
      .filter(({ value }) => value.kind !== 'omitted');
    const differs =
      wanted.length !== points.length ||
      wanted.some(({ value, timestampMs }, i) => {
        const point = points[i]!;
        return point.timestampMs !== timestampMs || !sameValue(value, point.value);
      });
    if (differs) {
      const texts = wanted
        .map(({ value, timestampMs }) => `${describedText(value)}@${timestampMs}`)
        .join(' ');
      return `expected ${labels} ${texts}\n      got ${got}`;
    }
  }
  const missing = [...command.expectedSeries.values()].find(({ labels }) => !seen.has(labels.key));
  return missing === undefined ? undefined : `expected series ${missing.labels} not found`;
}

export function scalarFault(command: EvalCommand, value: number): string | undefined {
  if (command.expectedScalar === undefined) return `expected series, got scalar ${value}`;
  return almostEqual(command.expectedScalar, value)
    ? undefined
    : `expected ${command.expectedScalar}, got ${value}`;
}
