import { goQuote } from '../../storage-engine/promql/syntax/go-format.ts';
import { keywords, type Token, type TokenKind } from './tokens.ts';

const spaces = ' \t\r\n';
const leftDelim = '{{';
const rightDelim = '}}';

/** Splits a template into tokens, one per call of `next`; after an error or the end it repeats that token. */
export class TemplateLexer {
  readonly #text: string;
  #at = 0;
  #start = 0;
  #line = 1;
  #counted = 0;
  #inAction = false;
  #parenDepth = 0;
  #last: Token | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  next(): Token {
    if (this.#last !== undefined) return this.#last;
    const token = this.#inAction ? this.#actionToken() : this.#textToken();
    if (token.kind === 'eof' || token.kind === 'error') this.#last = token;
    return token;
  }

  /** Line of an index that does not lie before the last one asked for. */
  #lineAt(index: number): number {
    for (; this.#counted < index; this.#counted++) if (this.#text[this.#counted] === '\n') this.#line++;
    return this.#line;
  }

  #emit(kind: TokenKind, end = this.#at): Token {
    const token = {
      kind,
      text: this.#text.slice(this.#start, end),
      start: this.#start,
      line: this.#lineAt(this.#start),
    };
    this.#start = this.#at;
    return token;
  }

  #error(message: string): Token {
    return { kind: 'error', text: message, start: this.#start, line: this.#lineAt(this.#start) };
  }

  #textToken(): Token {
    for (;;) {
      const delim = this.#text.indexOf(leftDelim, this.#at);
      if (delim < 0) {
        this.#at = this.#text.length;
        return this.#at > this.#start ? this.#emit('text') : this.#emit('eof');
      }
      if (delim > this.#start) {
        let end = delim;
        if (this.#hasLeftTrim(delim + leftDelim.length)) {
          while (end > this.#start && spaces.includes(this.#text[end - 1]!)) end--;
        }
        this.#at = delim;
        if (end > this.#start) return this.#emit('text', end);
        this.#start = delim;
      }
      const trim = this.#hasLeftTrim(delim + leftDelim.length);
      const inside = delim + leftDelim.length + (trim ? 2 : 0);
      if (this.#text.startsWith('/*', inside)) {
        const fault = this.#skipComment(inside);
        if (fault !== undefined) return fault;
        continue;
      }
      this.#at = inside;
      this.#inAction = true;
      this.#parenDepth = 0;
      const token = this.#emit('left-delim', delim + leftDelim.length);
      return token;
    }
  }

  #skipComment(open: number): Token | undefined {
    this.#start = open;
    const close = this.#text.indexOf('*/', open + 2);
    if (close < 0) return this.#error('unclosed comment');
    const trim = this.#isTrimmedRightDelim(close + 2);
    if (!trim && !this.#text.startsWith(rightDelim, close + 2)) {
      return this.#error('comment ends before closing delimiter');
    }
    this.#at = close + 2 + (trim ? 2 : 0) + rightDelim.length;
    if (trim) this.#skipSpaces();
    this.#start = this.#at;
    return undefined;
  }

  #hasLeftTrim(at: number): boolean {
    return this.#text[at] === '-' && isSpace(this.#text[at + 1]);
  }

  #isTrimmedRightDelim(at: number): boolean {
    return isSpace(this.#text[at]) && this.#text[at + 1] === '-' && this.#text.startsWith(rightDelim, at + 2);
  }

  #skipSpaces(): void {
    while (isSpace(this.#text[this.#at])) this.#at++;
  }

  #rightDelimToken(trim: boolean): Token {
    if (trim) this.#start = this.#at + 2;
    this.#at = this.#start + rightDelim.length;
    const token = this.#emit('right-delim');
    if (trim) this.#skipSpaces();
    this.#start = this.#at;
    this.#inAction = false;
    return token;
  }

  #actionToken(): Token {
    const trim = this.#isTrimmedRightDelim(this.#at);
    if (trim || this.#text.startsWith(rightDelim, this.#at)) {
      return this.#parenDepth === 0 ? this.#rightDelimToken(trim) : this.#error('unclosed left paren');
    }
    const char = charAt(this.#text, this.#at);
    if (char === '') return this.#error('unclosed action');
    if (isSpace(char)) return this.#spaceToken();
    this.#at += char.length;
    switch (char) {
      case '=':
        return this.#emit('assign');
      case ':':
        if (this.#text[this.#at] !== '=') return this.#error('expected :=');
        this.#at++;
        return this.#emit('declare');
      case '|':
        return this.#emit('pipe');
      case '"':
        return this.#quoted('"', 'string', 'unterminated quoted string');
      case "'":
        return this.#quoted("'", 'char-constant', 'unterminated character constant');
      case '`':
        return this.#rawString();
      case '$':
        return this.#fieldOrVariable('variable', 'variable');
      case '(':
        this.#parenDepth++;
        return this.#emit('left-paren');
      case ')':
        this.#parenDepth--;
        return this.#parenDepth < 0 ? this.#error('unexpected right paren') : this.#emit('right-paren');
      default:
    }
    if (char === '.' && this.#at < this.#text.length && !/^[0-9]$/.test(this.#text[this.#at]!)) {
      return this.#fieldOrVariable('field', 'dot');
    }
    if (/^[.+\-0-9]$/.test(char)) return this.#number();
    if (isAlphaNumeric(char)) return this.#identifier();
    if (/^[!-~]$/.test(char)) return this.#emit('char');
    return this.#error(`unrecognized character in action: ${unicodeName(char)}`);
  }

  /** A run of spaces; the last one may belong to a trimming delimiter. */
  #spaceToken(): Token {
    const begin = this.#at;
    this.#skipSpaces();
    if (this.#isTrimmedRightDelim(this.#at - 1)) {
      this.#at--;
      if (this.#at === begin) return this.#rightDelimToken(true);
    }
    return this.#emit('space');
  }

  #quoted(quote: string, kind: TokenKind, unterminated: string): Token {
    for (;;) {
      let char = charAt(this.#text, this.#at);
      if (char === '\\') {
        this.#at++;
        char = charAt(this.#text, this.#at);
        if (char !== '' && char !== '\n') {
          this.#at += char.length;
          continue;
        }
      }
      if (char === '' || char === '\n') return this.#error(unterminated);
      this.#at += char.length;
      if (char === quote) return this.#emit(kind);
    }
  }

  #rawString(): Token {
    const close = this.#text.indexOf('`', this.#at);
    if (close < 0) return this.#error('unterminated raw quoted string');
    this.#at = close + 1;
    return this.#emit('raw-string');
  }

  #fieldOrVariable(kind: TokenKind, alone: TokenKind): Token {
    if (this.#atTerminator()) return this.#emit(alone);
    this.#skipWord();
    if (!this.#atTerminator()) return this.#badCharacter();
    return this.#emit(kind);
  }

  #identifier(): Token {
    this.#skipWord();
    const word = this.#text.slice(this.#start, this.#at);
    if (!this.#atTerminator()) return this.#badCharacter();
    if (keywords.has(word)) return this.#emit('keyword');
    return this.#emit(word === 'true' || word === 'false' ? 'bool' : 'identifier');
  }

  #skipWord(): void {
    for (let char = charAt(this.#text, this.#at); isAlphaNumeric(char); char = charAt(this.#text, this.#at)) {
      this.#at += char.length;
    }
  }

  #badCharacter(): Token {
    return this.#error(`bad character ${unicodeName(charAt(this.#text, this.#at))}`);
  }

  #atTerminator(): boolean {
    const char = this.#text[this.#at];
    if (char === undefined || isSpace(char) || '.,|:)('.includes(char)) return true;
    return this.#text.startsWith(rightDelim, this.#at);
  }

  #number(): Token {
    this.#at = this.#start;
    if (!this.#scanNumber()) return this.#badNumber();
    const sign = this.#text[this.#at];
    if (sign !== '+' && sign !== '-') return this.#emit('number');
    if (!this.#scanNumber() || this.#text[this.#at - 1] !== 'i') return this.#badNumber();
    return this.#emit('complex');
  }

  #badNumber(): Token {
    return this.#error(`bad number syntax: ${goQuote(this.#text.slice(this.#start, this.#at))}`);
  }

  #scanNumber(): boolean {
    const pattern =
      /[+-]?(?:0[xX][0-9a-fA-F_]*\.?[0-9a-fA-F_]*(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*\.?[0-7_]*|0[bB][01_]*\.?[01_]*|[0-9_]*\.?[0-9_]*(?:[eE][+-]?[0-9_]*)?)i?/y;
    pattern.lastIndex = this.#at;
    this.#at += pattern.exec(this.#text)?.[0].length ?? 0;
    const next = charAt(this.#text, this.#at);
    if (!isAlphaNumeric(next)) return true;
    this.#at += next.length;
    return false;
  }
}

function charAt(text: string, at: number): string {
  const code = text.codePointAt(at);
  return code === undefined ? '' : String.fromCodePoint(code);
}

function isSpace(char: string | undefined): boolean {
  return char !== undefined && char !== '' && spaces.includes(char);
}

const alphaNumeric = /^[_\p{L}\p{Nd}]$/u;

function isAlphaNumeric(char: string): boolean {
  return alphaNumeric.test(char);
}

/** Go's %#U; an absent character is the rune -1. */
function unicodeName(char: string): string {
  if (char === '') return 'U+FFFFFFFFFFFFFFFF';
  const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char) ? `U+${code} '${char}'` : `U+${code}`;
}
