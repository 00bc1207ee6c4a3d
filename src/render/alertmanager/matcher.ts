/**
 * Label matchers as Alertmanager 0.27 and newer read them: the UTF-8 syntax first, the classic one where only that
 * understands the text or where both understand it differently (Alertmanager's default, "fallback" mode).
 */
import { RE2JS } from 're2js';
import { simpleEscapes } from '../../storage-engine/promql/syntax/strings.ts';
import { compareText } from '../bundle/slot.ts';

export type MatchOperator = '=' | '!=' | '=~' | '!~';

export interface Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
}

/** `column` counts code points of the text from 1; absent where only the whole text can be blamed. */
export interface MatcherFault {
  readonly message: string;
  readonly column?: number;
}

export type MatchersResult = { readonly matchers: readonly Matcher[] } | { readonly fault: MatcherFault };

/** Reads one text, which may hold several matchers separated by commas, in braces or without. */
export function parseMatchers(text: string): MatchersResult {
  if (!text.isWellFormed()) return { fault: { message: 'the matcher is not valid Unicode' } };
  const modern = attempt(() => new ModernParser(text).parse());
  const classic = attempt(() => parseClassic(text));
  const chosen =
    'fault' in modern
      ? classic
      : 'fault' in classic || same(modern.matchers, classic.matchers)
        ? modern
        : classic;
  if ('fault' in chosen) return 'fault' in modern ? modern : chosen;
  if (chosen.matchers.length === 0) return { fault: { message: 'there is no matcher in the text' } };
  for (const matcher of chosen.matchers) {
    const message = refusalOf(matcher);
    if (message !== undefined) return { fault: { message } };
  }
  return chosen;
}

/** The one form of a matcher that every parser of Alertmanager reads alike. */
export function printMatcher(matcher: Matcher): string {
  const name = /[\s{}!=~,\\"'`\p{White_Space}]/u.test(matcher.name) ? quote(matcher.name) : matcher.name;
  return `${name}${matcher.operator}${quote(matcher.value)}`;
}

/** Alertmanager's own order: by name, value, operator. Equal sets print alike. */
export function sortMatchers(matchers: readonly Matcher[]): readonly Matcher[] {
  return [...matchers].sort(
    (a, b) =>
      compareText(a.name, b.name) ||
      compareText(a.value, b.value) ||
      operators.indexOf(a.operator) - operators.indexOf(b.operator),
  );
}

/** Why RE2 refuses the expression, or undefined. Alertmanager anchors every expression. */
export function regexFault(expression: string): string | undefined {
  try {
    RE2JS.compile(`^(?:${expression})$`);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
  }
}

const operators: readonly MatchOperator[] = ['=', '!=', '=~', '!~'];

function refusalOf({ name, operator, value }: Matcher): string | undefined {
  if (name === '') return 'the label name is empty';
  if (operator !== '=~' && operator !== '!~') return undefined;
  const fault = regexFault(value);
  return fault === undefined
    ? undefined
    : `the regular expression ${JSON.stringify(value)} is not valid: ${fault}`;
}

class MatcherError extends Error {
  readonly column: number | undefined;
  constructor(message: string, column?: number) {
    super(message);
    this.column = column;
  }
}

function attempt(parse: () => readonly Matcher[]): MatchersResult {
  try {
    return { matchers: parse() };
  } catch (error) {
    if (!(error instanceof MatcherError)) throw error;
    return {
      fault: { message: error.message, ...(error.column === undefined ? {} : { column: error.column }) },
    };
  }
}

function same(a: readonly Matcher[], b: readonly Matcher[]): boolean {
  return (
    a.length === b.length && a.every((matcher, index) => printMatcher(matcher) === printMatcher(b[index]!))
  );
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`;
}

type TokenKind = '{' | '}' | ',' | 'operator' | 'quoted' | 'unquoted' | 'end';

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** From 1. */
  readonly column: number;
}

const reserved = /[{}!=~,\\"'`]|\p{White_Space}/u;

/** Grammar: `[{] [matcher (, matcher)* [,]] [}]`, braces both or none; Alertmanager's matcher/parse. */
class ModernParser {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  parse(): readonly Matcher[] {
    const matchers: Matcher[] = [];
    const braced = this.#accept('{');
    if (!this.#peekIs('}') && !this.#peekIs('end')) {
      do {
        if (matchers.length > 0 && (this.#peekIs('}') || this.#peekIs('end'))) break;
        matchers.push(this.#matcher());
      } while (this.#accept(','));
    }
    if (braced) this.#expect(['}'], 'a closing brace');
    this.#expect(['end'], matchers.length === 0 ? 'a matcher' : 'a comma or the end');
    return matchers;
  }

  #matcher(): Matcher {
    const name = this.#string('a label name');
    const operator = this.#expect(['operator'], 'one of = != =~ !~').text as MatchOperator;
    const value = this.#string('a value');
    return { name, operator, value };
  }

  #string(what: string): string {
    const token = this.#expect(['quoted', 'unquoted'], what);
    if (token.kind === 'unquoted') return token.text;
    const text = unquoteGo(token.text);
    if (text === undefined) {
      throw new MatcherError(`${token.text} holds an escape that is not valid`, token.column);
    }
    return text;
  }

  #peekIs(kind: TokenKind): boolean {
    return this.#tokens[this.#next]!.kind === kind;
  }

  #accept(kind: TokenKind): boolean {
    if (!this.#peekIs(kind)) return false;
    this.#next++;
    return true;
  }

  #expect(kinds: readonly TokenKind[], what: string): Token {
    const token = this.#tokens[this.#next]!;
    if (!kinds.includes(token.kind)) {
      const found = token.kind === 'end' ? 'the end' : JSON.stringify(token.text);
      throw new MatcherError(`expected ${what}, found ${found}`, token.column);
    }
    if (token.kind !== 'end') this.#next++;
    return token;
  }
}

function tokenize(text: string): readonly Token[] {
  const runes = [...text];
  const tokens: Token[] = [];
  let at = 0;
  const emit = (kind: TokenKind, length: number) => {
    tokens.push({ kind, text: runes.slice(at, at + length).join(''), column: at + 1 });
    at += length;
  };
  while (at < runes.length) {
    const rune = runes[at]!;
    const second = runes[at + 1];
    if (rune === '{' || rune === '}' || rune === ',') emit(rune, 1);
    else if (rune === '=') emit('operator', second === '~' ? 2 : 1);
    else if (rune === '!' && (second === '=' || second === '~')) emit('operator', 2);
    else if (rune === '"') emit('quoted', quotedLength(runes, at));
    else if (/\p{White_Space}/u.test(rune)) at++;
    else if (!reserved.test(rune)) {
      let end = at + 1;
      while (end < runes.length && !reserved.test(runes[end]!)) end++;
      emit('unquoted', end - at);
    } else throw new MatcherError(`unexpected ${JSON.stringify(rune)}`, at + 1);
  }
  tokens.push({ kind: 'end', text: '', column: runes.length + 1 });
  return tokens;
}

function quotedLength(runes: readonly string[], start: number): number {
  for (let at = start + 1; at < runes.length; at++) {
    if (runes[at] === '\\') at++;
    else if (runes[at] === '"') return at + 1 - start;
  }
  throw new MatcherError('the closing double quote is missing', start + 1);
}

const quotedEscapes: Readonly<Record<string, string>> = { ...simpleEscapes, '"': '"' };

/** Go's strconv.Unquote for a double-quoted string; undefined where it fails or where the result is not UTF-8. */
export function unquoteGo(quoted: string): string | undefined {
  const body = quoted.slice(1, -1);
  const parts: Buffer[] = [];
  const pattern =
    /\\(?:([abfnrtv\\"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|[^\\\n"]+/gy;
  let end = 0;
  for (const match of body.matchAll(pattern)) {
    end = match.index + match[0].length;
    const [whole, simple, hex, octal, short, long] = match;
    if (simple !== undefined) parts.push(Buffer.from(quotedEscapes[simple]!));
    else if (hex !== undefined) parts.push(Buffer.of(Number.parseInt(hex, 16)));
    else if (octal !== undefined) {
      const byte = Number.parseInt(octal, 8);
      if (byte > 255) return undefined;
      parts.push(Buffer.of(byte));
    } else if (short !== undefined || long !== undefined) {
      const point = Number.parseInt((short ?? long)!, 16);
      if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return undefined;
      parts.push(Buffer.from(String.fromCodePoint(point)));
    } else parts.push(Buffer.from(whole));
  }
  if (end !== body.length) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(parts));
  } catch {
    return undefined;
  }
}

const classicMatcher =
  /^[\t\n\f\r ]*([a-zA-Z_:][a-zA-Z0-9_:]*)[\t\n\f\r ]*(=~|=|!=|!~)[\t\n\f\r ]*([\s\S]*?)[\t\n\f\r ]*$/;

/** The tolerant syntax of Alertmanager 0.26 and older (pkg/labels): split at commas outside quotes, trim, unescape. */
function parseClassic(text: string): readonly Matcher[] {
  const body = text.replace(/^\{/, '').replace(/\}$/, '');
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  let escaped = false;
  for (const rune of body) {
    if (rune === ',' && !quoted) {
      parts.push(part);
      part = '';
      continue;
    }
    if (rune === '"') {
      if (escaped) escaped = false;
      else quoted = !quoted;
    } else if (rune === '\\') escaped = !escaped;
    else escaped = false;
    part += rune;
  }
  const last = part.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');
  if (last !== '') parts.push(last);
  return parts.map(classicPart);
}

function classicPart(part: string): Matcher {
  const match = classicMatcher.exec(part);
  if (match === null) throw new MatcherError(`${JSON.stringify(part)} is no matcher`);
  const raw = match[3]!;
  const opened = raw.startsWith('"');
  const inner = [...(opened ? raw.slice(1) : raw)];
  let closed = false;
  let value = '';
  for (let at = 0; at < inner.length; at++) {
    const rune = inner[at]!;
    if (rune === '\\' && at < inner.length - 1) {
      const next = inner[++at]!;
      value += next === 'n' ? '\n' : next === '"' || next === '\\' ? next : `\\${next}`;
    } else if (rune === '"') {
      if (!opened || at < inner.length - 1)
        throw new MatcherError('a double quote inside the value must be escaped');
      closed = true;
    } else value += rune;
  }
  if (opened && !closed) throw new MatcherError('the closing double quote is missing');
  return { name: match[1]!, operator: match[2] as MatchOperator, value };
}

/** Whether the whole text matches; the expression must be a valid one. */
export function regexMatches(expression: string, text: string): boolean {
  return RE2JS.compile(`^(?:${expression})$`).matches(text);
}
