import { type Random, randomBelow } from '../../../src/base/random.ts';
import { dataSeconds, dataStart } from './data-set.ts';

export interface Request {
  readonly query: string;
  /** The path without the query text, which shrinking changes. */
  readonly path: string;
}

/** A time to evaluate at: within the data mostly, at its borders and outside of it at times. */
export function randomRequest(random: Random, query: string): Request {
  const at = dataStart - 600 + randomBelow(random, dataSeconds + 1200);
  if (random.next() < 0.4) return { query, path: `query?time=${at}${random.next() < 0.5 ? '' : '.25'}` };
  const step = [15, 30, 60, 61, 300][randomBelow(random, 5)]!;
  const count = 1 + randomBelow(random, 40);
  return { query, path: `query_range?start=${at}&end=${at + step * count}&step=${step}` };
}

/**
 * Whether 3.14 is the measure of this query. It reads info series at the steps' own times even where the first argument
 * is moved by `offset` or `@`; later releases move both, and so do we.
 */
export function isMeasured(query: string): boolean {
  return !(query.includes('info(') && / offset |@/.test(query));
}

export async function ask(base: string, { query, path }: Request): Promise<string> {
  const response = await fetch(`${base}/api/v1/${path}`, {
    method: 'POST',
    body: new URLSearchParams({ query }),
  });
  return `${response.status} ${await response.text()}`;
}

interface Body {
  readonly status?: string;
  readonly data?: { readonly resultType: string; readonly result: readonly unknown[] };
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/**
 * Whether two answers are the same. Text for text, but for what the real server itself decides anew on each run by the
 * order of a Go map: the order of annotations, and which of several equal faults an error names.
 */
export function sameAnswer(ours: string, theirs: string): boolean {
  if (ours === theirs) return true;
  const [a, b] = [parse(ours), parse(theirs)];
  if (a === undefined || b === undefined || a.code !== b.code) return false;
  if (a.body.status === 'error') return errorClass(a.body.error) === errorClass(b.body.error);
  return (
    JSON.stringify(a.body.data) === JSON.stringify(b.body.data) &&
    sorted(a.body.warnings) === sorted(b.body.warnings) &&
    sorted(a.body.infos) === sorted(b.body.infos)
  );
}

/** Largest share of a value by which sums of equal parts in different orders differ here. */
const reordered = 1e-9;

/**
 * Whether the real server gave several answers to one request, and ours is one of them but for the order of series and of
 * sums. Binary operators and info() over several steps collect series in a Go map: their order, and with it that of sums
 * above them, is another one in each run.
 */
export function undefinedThere(ours: string, runs: readonly string[]): boolean {
  if (new Set(runs).size === 1) return false;
  if (runs.some((run) => sameAnswer(ours, run) || sameSeries(ours, run))) return true;
  // Where which series are chosen hangs on that order (topk among equals), there is no answer to hold ours against.
  return runs.some((run) => !sameSeries(runs[0]!, run));
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Sample;
  readonly values?: readonly Sample[];
}
type Sample = readonly [number, string];

function sameSeries(ours: string, theirs: string): boolean {
  const [a, b] = [parse(ours)?.body, parse(theirs)?.body];
  if (a?.data === undefined || b?.data === undefined) return false;
  if (sorted(a.warnings) !== sorted(b.warnings) || sorted(a.infos) !== sorted(b.infos)) return false;
  const [mine, other] = [a, b].map(({ data }) =>
    (data!.result as readonly Series[])
      .map((series) => ({ key: JSON.stringify(series.metric), ...series }))
      .sort((x, y) => (x.key < y.key ? -1 : x.key > y.key ? 1 : 0)),
  );
  return (
    mine!.length === other!.length &&
    mine!.every((series, i) => series.key === other![i]!.key && nearSamples(series, other![i]!))
  );
}

function nearSamples(a: Series, b: Series): boolean {
  const [x, y] = [a, b].map(({ value, values }) => values ?? (value === undefined ? [] : [value]));
  if (
    x!.length !== y!.length ||
    JSON.stringify({ ...a, value: 0, values: 0 }) !== JSON.stringify({ ...b, value: 0, values: 0 })
  )
    return false;
  return x!.every(([time, text], i) => {
    const [otherTime, otherText] = y![i]!;
    const [value, other] = [Number(text), Number(otherText)];
    return (
      time === otherTime &&
      (text === otherText ||
        Math.abs(value - other) <= reordered * Math.max(Math.abs(value), Math.abs(other)))
    );
  });
}

function parse(answer: string): { code: string; body: Body } | undefined {
  try {
    return { code: answer.slice(0, 3), body: JSON.parse(answer.slice(4)) as Body };
  } catch {
    return undefined;
  }
}

/** Merging its annotations the real server counts samples again and again: their number is of no meaning there. */
function sorted(texts: readonly string[] = []): string {
  return JSON.stringify(texts.map((text) => text.replace(/over \d+ samples/, 'over samples')).sort());
}

/** An error without the series it names as examples. */
function errorClass(error = ''): string {
  return error.replace(/ for the match group .*|\{.*\}/s, '');
}
