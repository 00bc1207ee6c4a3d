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

function parse(answer: string): { code: string; body: Body } | undefined {
  try {
    return { code: answer.slice(0, 3), body: JSON.parse(answer.slice(4)) as Body };
  } catch {
    return undefined;
  }
}

function sorted(texts: readonly string[] = []): string {
  return JSON.stringify([...texts].sort());
}

/** An error without the series it names as examples. */
function errorClass(error = ''): string {
  return error.replace(/ for the match group .*|\{.*\}/s, '');
}
