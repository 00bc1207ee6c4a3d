import {
  defaultEngineOptions,
  queryInstant,
  queryRange,
} from '../../../src/storage-engine/promql/exec/engine.ts';
import { type MemorySample, MemorySource } from '../../../src/storage-engine/promql/exec/memory-source.ts';
import type { ResultSeries } from '../../../src/storage-engine/promql/exec/result-series.ts';
import { PromqlExecutionError } from '../../../src/storage-engine/promql/plan/execution-error.ts';
import { promqlFeatureFlags } from '../../../src/storage-engine/promql/syntax/dialect.ts';
import { PromqlSyntaxError } from '../../../src/storage-engine/promql/syntax/syntax-error.ts';
import { fixedTimeVariants } from './at-modifier.ts';
import { annotationFault, failureFault, matrixFault, scalarFault, vectorFault } from './compare.ts';
import { customBucketSeries } from './custom-buckets.ts';
import { type EvalCommand, type LoadCommand, parseTestFile } from './parse-file.ts';

/** The settings of Prometheus's own runs of these files. */
const options = {
  ...defaultEngineOptions,
  delayedNameRemoval: true,
  startTimestamps: true,
};
const dialect = { features: promqlFeatureFlags };

export interface Outcome {
  readonly line: number;
  readonly query: string;
  /** Absent: passed. */
  readonly fault?: string;
}

/** Runs a file of the test language; each evaluation gives one outcome. */
export async function runTestFile(content: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let source = new MemorySource();
  for (const command of parseTestFile(content)) {
    if (command.kind === 'clear') source = new MemorySource();
    else if (command.kind === 'load') load(command, source);
    else {
      const fault = await evaluationFault(command, source);
      outcomes.push({ line: command.line, query: command.query, ...(fault !== undefined && { fault }) });
    }
  }
  return outcomes;
}

function load(command: LoadCommand, source: MemorySource): void {
  for (const { labels, values, starts } of command.series) {
    const samples: MemorySample[] = [];
    for (const [i, value] of values.entries()) {
      const timestampMs = i * command.stepMs;
      const start = starts?.[i];
      const startTimestampMs = start === undefined ? 0 : timestampMs + start;
      if (value.kind === 'omitted') continue;
      const stored = 'value' in value ? value.value : 'stale';
      samples.push({ timestampMs, value: stored, startTimestampMs });
    }
    source.append(labels, samples);
  }
  if (!command.withNhcb) return;
  for (const { labels, samples } of customBucketSeries(command)) source.append(labels, samples);
}

async function evaluationFault(command: EvalCommand, source: MemorySource): Promise<string | undefined> {
  try {
    const fault = command.isRange ? await rangeFault(command, source) : await instantFaults(command, source);
    return fault ?? (command.fail ? 'expected an error but got none' : undefined);
  } catch (error) {
    if (!(error instanceof PromqlExecutionError) && !(error instanceof PromqlSyntaxError)) {
      return `CRASH ${error instanceof Error ? error.stack : error}`;
    }
    return command.fail ? failureFault(command, error.message) : `failed: ${error.message}`;
  }
}

async function rangeFault(command: EvalCommand, source: MemorySource): Promise<string | undefined> {
  const { query, startMs, endMs, stepMs } = command;
  const result = await queryRange({ query, source, options, dialect, startMs, endMs, stepMs });
  if (command.fail) return undefined;
  const series = result.value.type === 'matrix' ? result.value.series : [];
  return annotationFault(command, result) ?? matrixFault(command, series, command);
}

/** An instant query must give the same at once, in a range, and with its time fixed by `@`. */
async function instantFaults(command: EvalCommand, source: MemorySource): Promise<string | undefined> {
  const variants = [{ query: command.query, timeMs: command.startMs }];
  if (!command.fail) variants.push(...fixedTimeVariants(command.query, dialect, command.startMs));
  for (const [index, { query, timeMs }] of variants.entries()) {
    const fault = await instantFault({ ...command, query }, timeMs, source);
    if (fault !== undefined) return index === 0 ? fault : `${fault}\n      in ${query} at ${timeMs}`;
  }
  return undefined;
}

async function instantFault(
  command: EvalCommand,
  timeMs: number,
  source: MemorySource,
): Promise<string | undefined> {
  const { query } = command;
  const result = await queryInstant({ query, source, options, dialect, timeMs });
  if (command.fail) return undefined;
  // Positions move when a query is printed again.
  const annotations = annotationFault(command, result);
  if (annotations !== undefined) return annotations;
  const { value } = result;
  if (value.type === 'string') return value.value === command.expectedText ? undefined : `got ${value.value}`;
  if (value.type === 'matrix') return matrixFault(command, value.series, command.expectedTimes ?? command);
  const fault =
    value.type === 'scalar'
      ? scalarFault(command, value.value)
      : vectorFault(command, value.series, command.ordered);
  if (fault !== undefined || command.expectedTimes !== undefined) return fault;
  if (/(?:start|end|range|step)\(\)/.test(query)) return undefined;
  return inRangeFault(command, timeMs, source, value.type === 'scalar');
}

async function inRangeFault(
  command: EvalCommand,
  timeMs: number,
  source: MemorySource,
  isScalar: boolean,
): Promise<string | undefined> {
  const minute = 60_000;
  const times = { startMs: timeMs - minute, endMs: timeMs + minute, stepMs: minute };
  const result = await queryRange({ query: command.query, source, options, dialect, ...times });
  if (command.ordered || result.value.type !== 'matrix') return undefined;
  const atTime = result.value.series
    .map(({ labels, points }): ResultSeries => {
      const kept = points.filter((p) => p.timestampMs === timeMs);
      return { labels, points: kept, pointCount: kept.length };
    })
    .filter(({ points }) => points.length > 0);
  const fault = isScalar
    ? scalarFault(command, atTime[0]?.points[0]?.value as number)
    : vectorFault(command, atTime, false);
  return fault === undefined ? undefined : `${fault}\n      in range mode`;
}
