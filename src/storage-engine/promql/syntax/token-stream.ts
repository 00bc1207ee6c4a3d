import type { Dialect } from './dialect.ts';
import { Lexer, LexicalFault } from './lexer.ts';
import type { Span } from './position.ts';
import type { SyntaxFault } from './syntax-error.ts';
import { describeToken, type Token, type TokenKind } from './tokens.ts';

/** Thrown to leave the parser at the first token that fits nowhere; the fault itself is in `faults`. */
export class ParseStop extends Error {}

/** Where an unexpected token is reported: `unexpected X in <context>, expected <expected>`. */
export interface ErrorContext {
  readonly context: string;
  readonly expected?: string;
}

/** The parser's view of the text: one token ahead, the faults so far, and what is being parsed. */
export class TokenStream {
  readonly dialect: Dialect;
  readonly faults: SyntaxFault[] = [];
  readonly #lexer: Lexer;
  readonly #textLength: number;
  readonly #contexts: ErrorContext[] = [];
  #ahead: Token | undefined;
  #second: Token | undefined;
  #lastEnd = 0;
  #depth = 0;

  constructor(text: string, dialect: Dialect) {
    this.dialect = dialect;
    this.#lexer = new Lexer(text, dialect);
    this.#textLength = text.length;
  }

  peek(): Token {
    this.#ahead ??= this.#read();
    return this.#ahead;
  }

  /** Kind of the token after the next one. */
  peekSecond(): TokenKind {
    this.peek();
    this.#second ??= this.#read();
    return this.#second.kind;
  }

  #read(): Token {
    try {
      return this.#lexer.next();
    } catch (error) {
      if (!(error instanceof LexicalFault)) throw error;
      this.fault({ start: error.start, end: this.#textLength }, error.message);
      throw new ParseStop();
    }
  }

  take(): Token {
    const token = this.peek();
    this.#ahead = this.#second;
    this.#second = undefined;
    this.#lastEnd = token.end;
    return token;
  }

  is(kind: TokenKind): boolean {
    return this.peek().kind === kind;
  }

  takeIf(kind: TokenKind): Token | undefined {
    return this.is(kind) ? this.take() : undefined;
  }

  /** Takes a token of this kind, or reports the one that is there. */
  expect(kind: TokenKind, context?: ErrorContext): Token {
    return this.is(kind) ? this.take() : this.unexpected(context);
  }

  /** End of the last taken token. */
  get lastEnd(): number {
    return this.#lastEnd;
  }

  fault(span: Span, reason: string): void {
    this.faults.push({ span, reason });
  }

  /** Reports the next token as unexpected, in the given or the innermost context, and leaves the parser. */
  unexpected(context: ErrorContext | undefined = this.#contexts.at(-1)): never {
    const token = this.peek();
    const where = context === undefined || context.context === '' ? '' : ` in ${context.context}`;
    const expected = context?.expected === undefined ? '' : `, expected ${context.expected}`;
    this.fault(token, `unexpected ${describeToken(token)}${where}${expected}`);
    throw new ParseStop();
  }

  /** Runs a part of the parser with `context` as the place of unexpected tokens. */
  within<T>(context: ErrorContext, part: () => T): T {
    this.#contexts.push(context);
    const result = part();
    this.#contexts.pop();
    return result;
  }

  /** Runs a part that may contain itself; deeper than `limit` levels is a fault. */
  nested<T>(limit: number, part: () => T): T {
    this.#depth++;
    if (this.#depth > limit) {
      this.fault(this.peek(), `expression nests deeper than ${limit} levels`);
      throw new ParseStop();
    }
    const result = part();
    this.#depth--;
    return result;
  }
}
