import { linePosition, locate, type Span } from './position.ts';

/** A reason why an expression is refused, with the part of the text it concerns. */
export interface SyntaxFault {
  readonly reason: string;
  readonly span: Span;
}

/**
 * An expression that this dialect of PromQL does not accept. `message` reads as Prometheus prints it
 * (`1:5: parse error: unexpected ...`).
 */
export class PromqlSyntaxError extends Error {
  override readonly name = 'PromqlSyntaxError';
  readonly reason: string;
  readonly span: Span;
  /** Line from 1, column from 1 in UTF-8 bytes, offset from 0 in UTF-8 bytes. */
  readonly position: { readonly line: number; readonly column: number; readonly offset: number };
  /** All faults found, the reported one first. */
  readonly faults: readonly SyntaxFault[];

  constructor(text: string, faults: readonly [SyntaxFault, ...SyntaxFault[]]) {
    const [first] = faults;
    const where = text === '' ? 'unknown position' : linePosition(text, first.span.start);
    super(`${where}: parse error: ${first.reason}`);
    this.reason = first.reason;
    this.span = first.span;
    const { line, column, byteOffset } = locate(text, first.span.start);
    this.position = { line, column, offset: byteOffset };
    this.faults = faults;
  }
}
