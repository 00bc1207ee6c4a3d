import { goQuote } from '../../storage-engine/promql/syntax/go-format.ts';

/** What a token is; `keyword` stands for `if`, `end` and the like. */
export type TokenKind =
  | 'text'
  | 'left-delim'
  | 'right-delim'
  | 'space'
  | 'assign'
  | 'declare'
  | 'pipe'
  | 'string'
  | 'raw-string'
  | 'char-constant'
  | 'number'
  | 'complex'
  | 'variable'
  | 'field'
  | 'dot'
  | 'identifier'
  | 'bool'
  | 'keyword'
  | 'left-paren'
  | 'right-paren'
  | 'char'
  | 'error'
  | 'eof';

export interface Token {
  readonly kind: TokenKind;
  /** As written; of an error token its message. */
  readonly text: string;
  /** UTF-16 index of its first character. */
  readonly start: number;
  /** Line of its first character, from 1. */
  readonly line: number;
}

export const keywords: ReadonlySet<string> = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'nil',
  'range',
  'template',
  'with',
]);

/** A token in the words of Go's messages. */
export function describeToken(token: Token): string {
  if (token.kind === 'eof') return 'EOF';
  if (token.kind === 'error') return token.text;
  if (token.kind === 'keyword' || token.kind === 'dot') return `<${token.text}>`;
  if (Buffer.byteLength(token.text) <= 10) return goQuote(token.text);
  return `${goQuote([...token.text.slice(0, 20)].slice(0, 10).join(''))}...`;
}
