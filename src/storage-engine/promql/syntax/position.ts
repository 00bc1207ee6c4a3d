/** A half-open range of UTF-16 indexes into the expression's text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** `line:column` of an index, counted from 1; the column counts UTF-8 bytes, as Prometheus prints it. */
export function linePosition(text: string, index: number): string {
  const { line, column } = locate(text, index);
  return `${line}:${column}`;
}

/** Line (from 1), column (from 1, in UTF-8 bytes) and byte offset of a UTF-16 index. */
export function locate(text: string, index: number): { line: number; column: number; byteOffset: number } {
  const before = text.slice(0, Math.max(0, Math.min(index, text.length)));
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line++;
  return {
    line,
    column: Buffer.byteLength(before.slice(lineStart)) + 1,
    byteOffset: Buffer.byteLength(before),
  };
}
