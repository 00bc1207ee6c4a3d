import { limits } from '../../../base/limits.ts';
import { resolveDialect } from './dialect.ts';
import { isAlpha, isSpace, Lexer, LexicalFault } from './lexer.ts';
import { parseNumber } from './numbers.ts';
import { scanNumber } from './scan-number.ts';
import { unquote } from './strings.ts';
import { PromqlSyntaxError } from './syntax-error.ts';
import { isMetricName } from './tokens.ts';

/**
 * The language in which Prometheus's tests (promtool test rules, promqltest) write series:
 * `metric{label="x"} 0+10x5 _ stale {{schema:0 sum:5 buckets:[1 2]}}x3`.
 */
export interface SeriesDescription {
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly values: readonly SeriesItem[];
}

/** One value, or several that follow by repetition. */
export type SeriesItem =
  | { readonly kind: 'omitted'; readonly count: number }
  | { readonly kind: 'stale'; readonly count: number }
  /** start, start + step, ... : `count` values. */
  | { readonly kind: 'float'; readonly start: number; readonly step: number; readonly count: number }
  | {
      readonly kind: 'histogram';
      readonly start: HistogramDescription;
      /** Added (or subtracted) for each further value. */
      readonly step?: { readonly sign: 1 | -1; readonly histogram: HistogramDescription };
      readonly count: number;
    };

/** A histogram as written; absent fields are 0 or empty. */
export interface HistogramDescription {
  readonly schema: number;
  readonly count: number;
  readonly sum: number;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly offset: number;
  readonly buckets: readonly number[];
  readonly negativeOffset: number;
  readonly negativeBuckets: readonly number[];
  readonly customValues: readonly number[];
  /** Absent: not written. */
  readonly resetHint?: 'unknown' | 'reset' | 'not_reset' | 'gauge';
}

/** Parses one line. Throws PromqlSyntaxError. */
export function parseSeriesDescription(text: string): SeriesDescription {
  return new DescriptionParser(text).parse();
}

class DescriptionParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): SeriesDescription {
    const labels = this.#parseMetric();
    const values: SeriesItem[] = [];
    let total = 0;
    while (this.#at < this.#text.length) {
      if (!isSpace(this.#text[this.#at])) this.#fail('unexpected character in series sequence');
      while (isSpace(this.#text[this.#at])) this.#at++;
      if (this.#at >= this.#text.length) break;
      const item = this.#parseItem();
      total += item.count;
      if (total > limits.seriesDescriptionValues)
        this.#fail(`more than ${limits.seriesDescriptionValues} values`);
      values.push(item);
    }
    return { labels, values };
  }

  #fail(reason: string): never {
    throw new PromqlSyntaxError(this.#text, [{ reason, span: { start: this.#at, end: this.#text.length } }]);
  }

  /** `name{...}`: the end of the metric is the first character behind it. */
  #parseMetric(): [string, string][] {
    const lexer = new Lexer(this.#text, resolveDialect());
    const labels: [string, string][] = [];
    try {
      let token = lexer.next();
      if (isMetricName(token.kind)) {
        labels.push(['__name__', token.text]);
        this.#at = token.end;
        if (this.#text[this.#at] !== '{') return labels;
        token = lexer.next();
      }
      if (token.kind !== '{') this.#fail('unexpected token in label set');
      token = lexer.next();
      while (token.kind !== '}') {
        this.#at = token.start;
        if (token.kind !== 'identifier' && token.kind !== 'string')
          this.#fail('expected identifier or "}" in label set');
        const name = token.kind === 'string' ? unquote(token.text) : token.text;
        const isQuoted = token.kind === 'string';
        token = lexer.next();
        if (isQuoted && token.kind !== '=') {
          labels.push(['__name__', name ?? '']);
        } else {
          const value = lexer.next();
          if (token.kind !== '=' || value.kind !== 'string')
            this.#fail('expected label="value" in label set');
          labels.push([name ?? '', unquote(value.text) ?? '']);
          token = lexer.next();
        }
        if (token.kind === ',') token = lexer.next();
        else if (token.kind !== '}') this.#fail('expected "," or "}" in label set');
      }
      this.#at = token.end;
      return labels;
    } catch (error) {
      if (!(error instanceof LexicalFault)) throw error;
      this.#at = error.start;
      return this.#fail(error.message);
    }
  }

  #parseItem(): SeriesItem {
    if (this.#text.startsWith('{{', this.#at)) return this.#parseHistogramItem();
    if (this.#text[this.#at] === '_') {
      this.#at++;
      return { kind: 'omitted', count: this.#parseTimes(0) ?? 1 };
    }
    if (
      /^stale(?![A-Za-z0-9_])/.test(this.#text.slice(this.#at, this.#at + 6)) ||
      this.#text.startsWith('stalex', this.#at)
    ) {
      this.#at += 5;
      return { kind: 'stale', count: this.#parseTimes(1) ?? 1 };
    }
    const start = this.#parseSigned();
    const sign = this.#text[this.#at];
    const step = sign === '+' || sign === '-' ? this.#parseSigned() : 0;
    const count = this.#parseTimes(1);
    if (count === undefined && (sign === '+' || sign === '-'))
      this.#fail('expected repetition in series values');
    return { kind: 'float', start, step, count: count ?? 1 };
  }

  /** `x5`, plus the first value where that comes on top. */
  #parseTimes(extra: number): number | undefined {
    if (this.#text[this.#at] !== 'x') return undefined;
    const digits = /^\d+/.exec(this.#text.slice(this.#at + 1, this.#at + 12))?.[0];
    if (digits === undefined) this.#fail('invalid repetition in series values');
    this.#at += 1 + digits.length;
    return Number(digits) + extra;
  }

  #parseSigned(): number {
    const sign = this.#text[this.#at];
    if (sign === '+' || sign === '-') this.#at++;
    return (sign === '-' ? -1 : 1) * this.#parseUnsigned();
  }

  #parseUnsigned(): number {
    const named = /^(?:inf|nan)(?![A-WYZa-wyz0-9_])/i.exec(this.#text.slice(this.#at, this.#at + 4))?.[0];
    const scan = named === undefined ? scanNumber(this.#text, this.#at, { hexadecimal: false }) : undefined;
    const end = named === undefined ? (scan?.end ?? this.#at) : this.#at + named.length;
    const number = parseNumber(this.#text.slice(this.#at, end));
    if ((scan !== undefined && !scan.ok) || 'reason' in number)
      this.#fail('expected number or "stale" in series values');
    this.#at = end;
    return number.value;
  }

  #parseHistogramItem(): SeriesItem {
    const start = this.#parseHistogram();
    const sign = this.#text[this.#at];
    const hasStep = (sign === '+' || sign === '-') && this.#text.startsWith('{{', this.#at + 1);
    if (!hasStep) return { kind: 'histogram', start, count: this.#parseTimes(1) ?? 1 };
    this.#at++;
    const histogram = this.#parseHistogram();
    const count = this.#parseTimes(1) ?? this.#fail('expected repetition in series values');
    return { kind: 'histogram', start, step: { sign: sign === '+' ? 1 : -1, histogram }, count };
  }

  #parseHistogram(): HistogramDescription {
    this.#at += 2;
    const fields = new Map<string, number | readonly number[] | string>();
    for (;;) {
      while (isSpace(this.#text[this.#at])) this.#at++;
      if (this.#text.startsWith('}}', this.#at)) break;
      let end = this.#at;
      while (end < this.#text.length && isAlpha(this.#text[end]!)) end++;
      const key = this.#text.slice(this.#at, end).toLowerCase();
      if (this.#text[end] !== ':') this.#fail('missing `:` for histogram descriptor');
      if (fields.has(key)) this.#fail(`duplicate key "${key}" in histogram`);
      this.#at = end + 1;
      fields.set(key, this.#parseField(key));
    }
    this.#at += 2;
    const number = (key: string) => (fields.get(key) as number | undefined) ?? 0;
    const list = (key: string) => (fields.get(key) as readonly number[] | undefined) ?? [];
    const resetHint = fields.get('counter_reset_hint') as HistogramDescription['resetHint'];
    return {
      schema: number('schema'),
      count: number('count'),
      sum: number('sum'),
      zeroCount: number('z_bucket'),
      zeroThreshold: number('z_bucket_w'),
      offset: number('offset'),
      buckets: list('buckets'),
      negativeOffset: number('n_offset'),
      negativeBuckets: list('n_buckets'),
      customValues: list('custom_values'),
      ...(resetHint !== undefined && { resetHint }),
    };
  }

  #parseField(key: string): number | readonly number[] | string {
    switch (key) {
      case 'schema':
      case 'sum':
      case 'count':
      case 'z_bucket':
      case 'z_bucket_w':
      case 'offset':
      case 'n_offset':
        return this.#parseSigned();
      case 'buckets':
      case 'n_buckets':
      case 'custom_values':
        return this.#parseNumberList();
      case 'counter_reset_hint': {
        const hint = /^(?:unknown|reset|not_reset|gauge)(?![A-Za-z_])/.exec(
          this.#text.slice(this.#at, this.#at + 12),
        )?.[0];
        if (hint === undefined) this.#fail('bad histogram descriptor found');
        this.#at += hint.length;
        return hint;
      }
      default:
        return this.#fail(`bad histogram descriptor found: "${key}"`);
    }
  }

  #parseNumberList(): number[] {
    if (this.#text[this.#at] !== '[') this.#fail('expected "[" in histogram description');
    this.#at++;
    const numbers: number[] = [];
    for (;;) {
      while (isSpace(this.#text[this.#at])) this.#at++;
      if (this.#text[this.#at] === ']') break;
      numbers.push(this.#parseSigned());
    }
    this.#at++;
    return numbers;
  }
}
