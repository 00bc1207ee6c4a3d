import type { LabelMatcher } from '../promql/syntax/ast.ts';
import { parseDuration } from '../promql/syntax/durations.ts';
import { goQuote } from '../promql/syntax/go-format.ts';
import { parseMetricSelector } from '../promql/syntax/parse.ts';
import { PromqlSyntaxError } from '../promql/syntax/syntax-error.ts';
import type { SourceResolution } from '../query/resolution.ts';
import { type ApiError, invalidParameter } from './api-error.ts';

/** Parameters of one request, from its URL and its form body. */
export type Params = URLSearchParams;

/** Prometheus's default borders of metadata requests; far outside of any sample, exact in a double. */
export const openStartMs = -(2 ** 52);
export const openEndMs = 2 ** 52;

const goFloat = /^[+-]?(\d+(_?\d+)*\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function readTime(text: string): number | undefined {
  if (goFloat.test(text)) return Math.round(Number(text) * 1000);
  const parsed = rfc3339.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** A time in ms, Unix seconds or RFC 3339; required. */
export function timeParam(params: Params, name: string): number {
  const text = params.get(name) ?? '';
  const time = readTime(text);
  if (time === undefined) throw invalidParameter(name, `cannot parse ${goQuote(text)} to a valid timestamp`);
  return time;
}

/** A time in ms with a default; its error reads a little differently, as Prometheus's does. */
export function optionalTimeParam(params: Params, name: string, fallbackMs: number): number {
  const text = params.get(name) ?? '';
  if (text === '') return fallbackMs;
  const time = readTime(text);
  if (time === undefined)
    throw invalidParameter(
      name,
      `invalid time value for '${name}': cannot parse ${goQuote(text)} to a valid timestamp`,
    );
  return time;
}

/** A duration in ms, seconds or Prometheus's notation. */
export function durationParam(params: Params, name: string): number {
  const text = params.get(name) ?? '';
  if (goFloat.test(text)) {
    const seconds = Number(text);
    if (Math.abs(seconds) > 2 ** 63 / 1e9)
      throw invalidParameter(name, `cannot parse ${goQuote(text)} to a valid duration. It overflows int64`);
    return seconds * 1000;
  }
  const parsed = parseDuration(text);
  if (!('ms' in parsed)) throw invalidParameter(name, `cannot parse ${goQuote(text)} to a valid duration`);
  return parsed.ms;
}

export function optionalDurationParam(params: Params, name: string): number | undefined {
  return (params.get(name) ?? '') === '' ? undefined : durationParam(params, name);
}

/** Coarsest samples that are preferred, as Thanos names them: `auto`, or a duration. */
export function resolutionParam(params: Params): SourceResolution | undefined {
  const name = 'max_source_resolution';
  if (params.get(name) === 'auto') return 'auto';
  const ms = optionalDurationParam(params, name);
  if (ms !== undefined && ms < 0) throw invalidParameter(name, 'a negative resolution is not accepted');
  return ms;
}

/** A limit; 0 stands for none. */
export function limitParam(params: Params): number {
  const text = params.get('limit') ?? '';
  if (text === '') return 0;
  if (!/^[+-]?\d+$/.test(text))
    throw invalidParameter('limit', `strconv.Atoi: parsing ${goQuote(text)}: invalid syntax`);
  const limit = Number(text);
  if (!Number.isSafeInteger(limit))
    throw invalidParameter('limit', `strconv.Atoi: parsing ${goQuote(text)}: value out of range`);
  if (limit < 0) throw invalidParameter('limit', 'limit must be non-negative');
  return limit;
}

/** Selectors of `match[]`; one that takes the empty series only is refused. */
export function matchersParam(params: Params, wrap: (reason: string) => ApiError): LabelMatcher[][] {
  return params.getAll('match[]').map((text) => {
    try {
      return [...parseMetricSelector(text)];
    } catch (error) {
      if (error instanceof PromqlSyntaxError) throw wrap(error.message);
      throw error;
    }
  });
}
