import type { Command } from 'commander';
import { CodedError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { silentLogger } from '../base/log.ts';
import { type CliIo, exitCodes } from './io.ts';
import { resolutionFrom } from './query/resolution-option.ts';
import { addSourceOptions, openSources, type SourceOptions } from './query-sources.ts';

interface PromqlCommandOptions extends SourceOptions {
  readonly time?: string;
  readonly start?: string;
  readonly end?: string;
  readonly step?: string;
  readonly maxSourceResolution: string;
  readonly output: string;
  readonly explain?: boolean;
  readonly enableFeature: string;
}

const formats = ['table', 'csv', 'json'];

export function register(program: Command, io: CliIo): void {
  const command = program
    .command('promql')
    .argument('<expr>', 'PromQL expression')
    .description('evaluates an expression over blocks in a bucket and live servers');
  addSourceOptions(command)
    .option('--time <time>', 'time of the evaluation: Unix seconds or RFC 3339 (default: now)')
    .option('--start <time>', 'first time of a range')
    .option('--end <time>', 'last time of a range (default: now)')
    .option('--step <duration>', 'step of a range (default: a sixtieth of it)')
    .option(
      '--max-source-resolution <resolution>',
      'coarsest samples: auto, or a duration such as 5m or 1h',
      '0s',
    )
    .option('--output <format>', 'table, csv or json', 'table')
    .option('--explain', 'show how the query would be answered and what it would read, without running it')
    .option('--enable-feature <flags>', "Prometheus's feature flags of PromQL, separated by commas", '')
    .action((expr: string, options: PromqlCommandOptions) => run(expr, options, io));
}

/** A sixtieth of a range in whole seconds. */
const sixtiethMs = (startMs: number, endMs: number) =>
  Math.max(1000, Math.ceil((endMs - startMs) / 60_000) * 1000);

async function run(expr: string, options: PromqlCommandOptions, io: CliIo): Promise<void> {
  if (!formats.includes(options.output))
    throw new CodedError('InvalidOption', `--output ${options.output} is not one of ${formats.join(', ')}`);
  const { systemClock } = await import('../base/clock.ts');
  const { featureFlags } = await import('./promql/features.ts');
  const { queryInstant, queryRange } = await import('../storage-engine/promql/exec/engine.ts');
  const { FederatedSource } = await import('../storage-engine/query/federation.ts');
  const { durationParam, optionalTimeParam, timeParam } = await import('../storage-engine/serve/params.ts');
  const { jsonQueryData } = await import('../storage-engine/serve/json-text.ts');
  const { csvText, tableText } = await import('./promql/output.ts');
  const { ApiError } = await import('../storage-engine/serve/api-error.ts');
  const { PromqlSyntaxError } = await import('../storage-engine/promql/syntax/syntax-error.ts');
  const { PromqlExecutionError } = await import('../storage-engine/promql/plan/execution-error.ts');

  const params = new URLSearchParams(
    Object.entries(options).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
  const dialect = featureFlags(options.enableFeature);
  const signal = io.signal ?? new AbortController().signal;
  const sources = await openSources(options, io, { log: silentLogger });
  try {
    const source = new FederatedSource(sources.federation, {
      signal,
      timeoutMs: limits.queryTimeoutMs,
      partial: (reason) => io.err(`partial result: ${reason}\n`),
      warn: (reason) => io.err(`warning: ${reason}\n`),
      maxSourceResolution: resolutionFrom(options.maxSourceResolution),
    });
    const request = { query: expr, source, dialect, signal };
    const nowMs = systemClock.nowMs();
    if (options.explain === true) {
      const { answerExplain } = await import('../storage-engine/serve/explain-api.ts');
      const { explainText } = await import('./promql/explain-text.ts');
      params.set('query', expr);
      if (options.start !== undefined) {
        params.set('end', options.end ?? String(nowMs / 1000));
        const [from, to] = [timeParam(params, 'start'), optionalTimeParam(params, 'end', nowMs)];
        params.set('step', options.step ?? String(sixtiethMs(from, to) / 1000));
      }
      const { data } = await answerExplain(params, { source, dialect, nowMs });
      io.out(options.output === 'json' ? `${data}\n` : explainText(JSON.parse(data)));
      return;
    }
    const evaluate = async () => {
      if (options.start === undefined)
        return queryInstant({ ...request, timeMs: optionalTimeParam(params, 'time', nowMs) });
      const startMs = timeParam(params, 'start');
      const endMs = optionalTimeParam(params, 'end', nowMs);
      const stepMs = options.step === undefined ? sixtiethMs(startMs, endMs) : durationParam(params, 'step');
      if (endMs < startMs || stepMs < 1)
        throw new CodedError(
          'InvalidOption',
          'the range is empty: --end lies before --start, or --step is not positive',
        );
      return queryRange({ ...request, startMs, endMs, stepMs: Math.trunc(stepMs) });
    };
    const result = await evaluate();
    for (const text of result.warnings) io.err(`warning: ${text}\n`);
    for (const text of result.infos) io.err(`info: ${text}\n`);
    if (options.output === 'json') io.out(`${Buffer.concat([...jsonQueryData(result.value)])}\n`);
    else
      io.out(options.output === 'csv' ? csvText(result.value) : tableText(result.value, io.columns ?? 100));
  } catch (error) {
    if (
      !(
        error instanceof PromqlSyntaxError ||
        error instanceof PromqlExecutionError ||
        error instanceof ApiError
      )
    )
      throw error;
    io.err(`${error.message}\n`);
    io.setExitCode(exitCodes.fault);
  } finally {
    await sources.close();
  }
}
