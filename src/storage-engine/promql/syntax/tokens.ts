import { type Dialect, type Release, syntaxSince } from './dialect.ts';
import { goQuote } from './go-format.ts';

/** What a token is: a class (`identifier`), a punctuation mark, or a keyword in lower case. */
export type TokenKind = string;

export interface Token {
  readonly kind: TokenKind;
  /** As written. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export const aggregators: ReadonlySet<string> = new Set([
  'sum',
  'avg',
  'count',
  'min',
  'max',
  'group',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
]);

export const aggregatorsWithParam: ReadonlySet<string> = new Set([
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
]);

export const experimentalAggregators: ReadonlySet<string> = new Set(['limitk', 'limit_ratio']);

const operatorWords: ReadonlySet<string> = new Set(['and', 'or', 'unless', 'atan2']);
const operatorMarks: ReadonlySet<string> = new Set([
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  '==',
  '!=',
  '<=',
  '<',
  '>=',
  '>',
  '</',
  '>/',
  '=~',
  '!~',
  '@',
]);

const modifierWords: ReadonlySet<string> = new Set([
  'offset',
  'anchored',
  'smoothed',
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'fill',
  'fill_left',
  'fill_right',
  'bool',
]);

const wordsSince: ReadonlyMap<string, Release> = new Map([
  ...[...aggregators, ...operatorWords, ...modifierWords, 'start', 'end'].map(
    (word) => [word, 3000] as const,
  ),
  ['anchored', syntaxSince.anchored],
  ['smoothed', syntaxSince.smoothed],
  ['fill', syntaxSince.fill],
  ['fill_left', syntaxSince.fill],
  ['fill_right', syntaxSince.fill],
  ['step', syntaxSince.durationStep],
  ['range', syntaxSince.durationRange],
  ['max_of', syntaxSince.durationMinMaxOf],
  ['min_of', syntaxSince.durationMinMaxOf],
]);

/** The kind of a word outside braces: a keyword, a named number, or none. */
export function keywordKind(word: string, dialect: Dialect): TokenKind | undefined {
  const lower = word.toLowerCase();
  if (lower === 'inf' || lower === 'nan') return 'number';
  const since = wordsSince.get(lower);
  return since === undefined || since > dialect.release ? undefined : lower;
}

/** The keyword of a duration expression, in the words of this release. */
export function durationKeyword(word: string, dialect: Dialect): TokenKind | undefined {
  const lower = word.toLowerCase();
  if (lower === 'step' && dialect.release >= syntaxSince.durationStep) return lower;
  if (lower === 'range' && dialect.release >= syntaxSince.durationRange) return lower;
  if (dialect.release >= syntaxSince.durationMinMaxOf) {
    return lower === 'min_of' || lower === 'max_of' ? lower : undefined;
  }
  // Before they were renamed.
  if (dialect.release >= syntaxSince.durationStep && (lower === 'min' || lower === 'max'))
    return `${lower}_of`;
  return undefined;
}

const metricNameExcluded = new Set(['atan2', 'bool', 'on', 'ignoring', 'group_left', 'group_right']);

/** Whether a token can be a metric's name: an identifier, or a keyword where no keyword can stand. */
export function isMetricName(kind: TokenKind): boolean {
  if (kind === 'identifier' || kind === 'metric_identifier') return true;
  return wordsSince.has(kind) && !metricNameExcluded.has(kind);
}

/** Whether a token can be a label's name in a grouping: all keywords but `without`. */
export function isGroupingLabel(kind: TokenKind): boolean {
  return (
    kind === 'identifier' || kind === 'metric_identifier' || (wordsSince.has(kind) && kind !== 'without')
  );
}

/** A token in the words of Prometheus's error messages. */
export function describeToken(token: Token): string {
  const { kind, text } = token;
  if (kind === 'eof') return 'end of input';
  if (kind === 'identifier') return `identifier ${goQuote(text)}`;
  if (kind === 'metric_identifier') return `metric identifier ${goQuote(text)}`;
  if (kind === 'string' || kind === 'number' || kind === 'duration') return `${kind} ${shortQuote(text)}`;
  if (modifierWords.has(kind)) return `<${text}>`;
  if (operatorWords.has(kind) || operatorMarks.has(kind)) return `<op:${text}>`;
  if (aggregators.has(kind)) return `<aggr:${text}>`;
  return shortQuote(text);
}

function shortQuote(text: string): string {
  if (Buffer.byteLength(text) <= 10) return goQuote(text);
  return `${goQuote([...text.slice(0, 20)].slice(0, 10).join(''))}...`;
}
