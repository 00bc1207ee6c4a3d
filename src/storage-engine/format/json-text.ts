/** What JSON escapes, and halves of surrogate pairs, which it may have to. */
const special = /["\\\u0000-\u001f\ud800-\udfff]/;

/** A text as Prometheus's result encoder writes it: backspace and form feed have no short form in Go. */
export function jsonText(text: string): string {
  if (!special.test(text)) return `"${text}"`;
  return JSON.stringify(text).replaceAll(/\\[\\bf]/g, (short) =>
    short === '\\b' ? '\\u0008' : short === '\\f' ? '\\u000c' : short,
  );
}
