/** A text as Prometheus's result encoder writes it: backspace and form feed have no short form in Go. */
export function jsonText(text: string): string {
  return JSON.stringify(text).replaceAll(/\\[\\bf]/g, (short) =>
    short === '\\b' ? '\\u0008' : short === '\\f' ? '\\u000c' : short,
  );
}
