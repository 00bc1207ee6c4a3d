import { type Dialect, syntaxSince } from './dialect.ts';
import { goQuote, goQuoteRune } from './go-format.ts';
import { scanNumber, scanRemainingDuration } from './scan-number.ts';
import { durationKeyword, keywordKind, type Token, type TokenKind } from './tokens.ts';

/** A token that cannot be read; lexing ends with it. */
export class LexicalFault extends Error {
  readonly start: number;
  constructor(reason: string, start: number) {
    super(reason);
    this.start = start;
  }
}

const marks = new Set([',', '*', '/', '%', '+', '-', '^', '@']);

/**
 * Turns an expression's text into tokens, one per call of `next`. Which characters are allowed depends on whether
 * a brace or bracket is open; the rules and the reasons given follow Prometheus's lexer.
 */
export class Lexer {
  readonly #text: string;
  readonly #dialect: Dialect;
  #at = 0;
  #parenDepth = 0;
  #braceOpen = false;
  #bracketOpen = false;
  #gotColon = false;
  #gotDuration = false;
  /** Directly after `[` or an operator in brackets: only durations may follow. */
  #inDuration = false;

  constructor(text: string, dialect: Dialect) {
    this.#text = text;
    this.#dialect = dialect;
  }

  /** Next token; `eof` at the end. Throws LexicalFault. */
  next(): Token {
    this.#skipBlank();
    if (this.#inDuration) return this.#durationToken();
    return this.#braceOpen ? this.#braceToken() : this.#statementToken();
  }

  #skipBlank(): void {
    for (;;) {
      while (isSpace(this.#text[this.#at])) this.#at++;
      if (this.#inDuration || this.#text[this.#at] !== '#') return;
      while (this.#at < this.#text.length && !isEndOfLine(this.#text[this.#at]!)) this.#at++;
    }
  }

  #take(kind: TokenKind, length: number): Token {
    const start = this.#at;
    this.#at += length;
    return { kind, text: this.#text.slice(start, this.#at), start, end: this.#at };
  }

  #fail(reason: string, start = this.#at): never {
    throw new LexicalFault(reason, start);
  }

  /** The character (whole code point) at an index; empty at the end. */
  #char(at: number): string {
    const code = this.#text.codePointAt(at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  #statementToken(): Token {
    const char = this.#char(this.#at);
    const following = this.#text[this.#at + 1] ?? '';
    if (char === '') return this.#endToken();
    if (marks.has(char)) return this.#take(char, 1);
    if (char === '=') {
      if (following === '~') this.#fail(`unexpected character after '=': ${goQuoteRune(following)}`);
      return following === '=' ? this.#take('==', 2) : this.#take('=', 1);
    }
    if (char === '!') {
      if (following === '=') return this.#take('!=', 2);
      this.#fail(`unexpected character after '!': ${goQuoteRune(this.#char(this.#at + 1))}`);
    }
    if (char === '<' || char === '>') {
      if (following === '=') return this.#take(`${char}=`, 2);
      if (following === '/' && this.#dialect.release >= syntaxSince.trim) return this.#take(`${char}/`, 2);
      return this.#take(char, 1);
    }
    if (isDigit(char) || (char === '.' && isDigit(following))) return this.#numberToken();
    if (char === '"' || char === "'" || char === '`') return this.#stringToken(char);
    if (isAlpha(char) || char === ':') return this.#bracketOpen ? this.#bracketWord(char) : this.#wordToken();
    return this.#bracketingToken(char);
  }

  #endToken(): Token {
    if (this.#parenDepth !== 0) this.#fail('unclosed left parenthesis');
    if (this.#bracketOpen) this.#fail('unclosed left bracket');
    return this.#take('eof', 0);
  }

  #bracketingToken(char: string): Token {
    switch (char) {
      case '(':
      case ')':
        return this.#parenToken(char);
      case '{':
        this.#braceOpen = true;
        return this.#take('{', 1);
      case '[':
        if (this.#bracketOpen) this.#fail(`unexpected left bracket ${goQuoteRune(char)}`);
        this.#bracketOpen = true;
        this.#gotColon = false;
        this.#inDuration = true;
        return this.#take('[', 1);
      case ']':
        if (!this.#bracketOpen) this.#fail(`unexpected right bracket ${goQuoteRune(char)}`);
        this.#bracketOpen = false;
        return this.#take(']', 1);
      default:
        return this.#fail(`unexpected character: ${goQuoteRune(char)}`);
    }
  }

  #parenToken(char: string): Token {
    if (char === '(') {
      this.#parenDepth++;
      return this.#take('(', 1);
    }
    this.#parenDepth--;
    if (this.#parenDepth < 0) this.#fail(`unexpected right parenthesis ${goQuoteRune(char)}`, this.#at + 1);
    return this.#take(')', 1);
  }

  /** A colon or a word after a number inside brackets. */
  #bracketWord(char: string): Token {
    if (this.#dialect.release < syntaxSince.durationStep) {
      // Up to 3.5 any letter here counted as a colon.
      if (this.#gotColon) this.#fail(`unexpected colon ${goQuoteRune(char)}`);
      this.#gotColon = true;
      return this.#take(':', 1);
    }
    if (char === ':') {
      if (this.#gotColon) this.#fail(`unexpected colon ${goQuoteRune(char)}`);
      this.#gotColon = true;
      return this.#take(':', 1);
    }
    return (
      this.#durationWord() ??
      this.#fail(`unexpected character: ${goQuoteRune(char)}, expected ${goQuoteRune(':')}`)
    );
  }

  #durationWord(): Token | undefined {
    const word = /^[A-Za-z_]+/.exec(this.#text.slice(this.#at, this.#at + 16))?.[0] ?? '';
    const kind = durationKeyword(word, this.#dialect);
    return kind === undefined ? undefined : this.#take(kind, word.length);
  }

  #durationToken(): Token {
    const char = this.#char(this.#at);
    switch (char) {
      case '':
        return this.#fail('unexpected end of input in duration expression');
      case ']':
        this.#bracketOpen = false;
        this.#gotColon = false;
        this.#inDuration = false;
        return this.#take(']', 1);
      case ':':
        if (!this.#gotDuration)
          this.#fail('unexpected colon before duration in duration expression', this.#at + 1);
        if (this.#gotColon) this.#fail('unexpected repeated colon in duration expression', this.#at + 1);
        this.#gotColon = true;
        return this.#take(':', 1);
      case '(':
      case ')':
        return this.#parenToken(char);
      case '+':
      case '-':
      case '*':
      case '/':
      case '%':
      case '^':
        return this.#take(char, 1);
      case ',':
        if (this.#dialect.release >= syntaxSince.durationStep) return this.#take(char, 1);
        break;
      default:
    }
    const word = this.#durationWord();
    if (word !== undefined) return word;
    if (isDigit(char) || (char === '.' && isDigit(this.#text[this.#at + 1] ?? ''))) {
      this.#gotDuration = true;
      // After a number the ordinary rules apply until the bracket closes.
      this.#inDuration = false;
      return this.#numberToken();
    }
    return this.#fail(`unexpected character in duration expression: ${goQuoteRune(char)}`);
  }

  #numberToken(): Token {
    const number = scanNumber(this.#text, this.#at, { hexadecimal: true });
    if (number.ok) return this.#take('number', number.end - this.#at);
    const duration = scanRemainingDuration(this.#text, number.end);
    if (duration.ok) return this.#take('duration', duration.end - this.#at);
    const seen = this.#text.slice(this.#at, duration.end);
    return this.#fail(`bad number or duration syntax: ${goQuote(seen)}`);
  }

  #stringToken(quote: string): Token {
    const end = quote === '`' ? this.#rawStringEnd() : this.#quotedStringEnd(quote);
    return this.#take('string', end - this.#at);
  }

  #rawStringEnd(): number {
    for (let at = this.#at + 1; ; at++) {
      const char = this.#text[at];
      if (char === undefined) this.#fail('unterminated raw string');
      if (isReplacement(this.#text, at)) this.#fail('invalid UTF-8 rune');
      if (char === '`') return at + 1;
    }
  }

  #quotedStringEnd(quote: string): number {
    for (let at = this.#at + 1; ; ) {
      const char = this.#text[at];
      if (char === undefined || char === '\n') this.#fail('unterminated quoted string');
      if (isReplacement(this.#text, at)) this.#fail('invalid UTF-8 rune');
      if (char === quote) return at + 1;
      at = char === '\\' ? this.#escapeEnd(at + 1, quote) : at + 1;
    }
  }

  #escapeEnd(at: number, quote: string): number {
    const char = this.#char(at);
    if (char === '') this.#fail('escape sequence not terminated');
    if ('abfnrtv\\'.includes(char) || char === quote) return at + 1;
    const octal = char >= '0' && char <= '7';
    const digits = octal ? 3 : ({ x: 2, u: 4, U: 8 }[char] ?? 0);
    if (digits === 0) this.#fail(`unknown escape sequence ${unicodeName(char)}`);
    const first = octal ? at : at + 1;
    const base = octal ? 8 : 16;
    let code = 0;
    for (let i = 0; i < digits; i++) {
      const digitChar = this.#char(first + i);
      if (digitChar === '') this.#fail('escape sequence not terminated');
      const digit = /^[0-9a-fA-F]$/.test(digitChar) ? Number.parseInt(digitChar, 16) : 16;
      if (digit >= base) this.#fail(`illegal character ${unicodeName(digitChar)} in escape sequence`);
      code = code * base + digit;
    }
    const limit = octal || char === 'x' ? 255 : 0x10ffff;
    if (code > limit || (code >= 0xd800 && code < 0xe000)) {
      this.#fail('escape sequence is an invalid Unicode code point');
    }
    return first + digits;
  }

  #wordToken(): Token {
    let end = this.#at;
    while (isWordChar(this.#text[end]) || this.#text[end] === ':') end++;
    const word = this.#text.slice(this.#at, end);
    const kind = keywordKind(word, this.#dialect);
    if (kind !== undefined) {
      const isFill = kind === 'fill' || kind === 'fill_left' || kind === 'fill_right';
      // "fill" stays usable as a metric's name.
      return this.#take(isFill && !this.#parenFollows(end) ? 'identifier' : kind, word.length);
    }
    return this.#take(word.includes(':') ? 'metric_identifier' : 'identifier', word.length);
  }

  #parenFollows(at: number): boolean {
    let next = at;
    while (isSpace(this.#text[next])) next++;
    return this.#text[next] === '(';
  }

  #braceToken(): Token {
    const char = this.#char(this.#at);
    const following = this.#text[this.#at + 1] ?? '';
    if (char === '') this.#fail('unexpected end of input inside braces');
    if (isAlpha(char)) {
      let end = this.#at;
      while (isWordChar(this.#text[end])) end++;
      return this.#take('identifier', end - this.#at);
    }
    if (char === '"' || char === "'" || char === '`') return this.#stringToken(char);
    switch (char) {
      case ',':
        return this.#take(',', 1);
      case '=':
        return following === '~' ? this.#take('=~', 2) : this.#take('=', 1);
      case '!':
        if (following === '~' || following === '=') return this.#take(`!${following}`, 2);
        return this.#fail(
          `unexpected character after '!' inside braces: ${goQuoteRune(this.#char(this.#at + 1))}`,
        );
      case '{':
        return this.#fail(`unexpected left brace ${goQuoteRune(char)}`);
      case '}':
        this.#braceOpen = false;
        return this.#take('}', 1);
      default:
        return this.#fail(`unexpected character inside braces: ${goQuoteRune(char)}`);
    }
  }
}

/** Go's %#U: `U+0071 'q'`. */
function unicodeName(char: string): string {
  const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char) ? `U+${code} '${char}'` : `U+${code}`;
}

/** The replacement character, or half a surrogate pair: both read as invalid UTF-8. */
function isReplacement(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code === 0xfffd) return true;
  if (code < 0xd800 || code > 0xdfff) return false;
  if (code < 0xdc00) {
    const low = text.charCodeAt(at + 1);
    return !(low >= 0xdc00 && low <= 0xdfff);
  }
  const high = text.charCodeAt(at - 1);
  return !(high >= 0xd800 && high < 0xdc00);
}

export function isSpace(char: string | undefined): boolean {
  return char === ' ' || char === '\t' || char === '\n' || char === '\r';
}

function isEndOfLine(char: string): boolean {
  return char === '\r' || char === '\n';
}

export function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

export function isAlpha(char: string): boolean {
  return char === '_' || (char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z');
}

function isWordChar(char: string | undefined): boolean {
  return char !== undefined && (isAlpha(char) || isDigit(char));
}
