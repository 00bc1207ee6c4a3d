/** What a letter after a backslash stands for in string literals of Go, and so of PromQL. */
export const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/**
 * The text that a PromQL string literal (with its quotes) stands for, or undefined when it is malformed.
 * `\xNN` and octal escapes give bytes; those that form no UTF-8 are kept as lone surrogates U+DC80+byte, so that
 * different bytes stay different.
 */
export function unquote(literal: string): string | undefined {
  const quote = literal[0];
  if (literal.length < 2 || quote !== literal[literal.length - 1]) return undefined;
  const body = literal.slice(1, -1);
  if (quote === '`') return body.includes('`') ? undefined : body;
  if ((quote !== '"' && quote !== "'") || body.includes('\n')) return undefined;
  if (!body.includes('\\')) return body.includes(quote) ? undefined : body;
  const parts: (string | number)[] = [];
  for (let at = 0; at < body.length; ) {
    const char = body[at]!;
    if (char === quote) return undefined;
    if (char !== '\\') {
      parts.push(char);
      at++;
      continue;
    }
    const read = readEscape(body, at + 1, quote);
    if (read === undefined) return undefined;
    parts.push(read.value);
    at = read.next;
  }
  return joinBytes(parts);
}

/** One escape after its backslash: text, or a byte as a number. */
function readEscape(
  body: string,
  at: number,
  quote: string,
): { value: string | number; next: number } | undefined {
  const char = body[at];
  if (char === undefined) return undefined;
  const simple = simpleEscapes[char];
  if (simple !== undefined) return { value: simple, next: at + 1 };
  if (char === quote) return { value: quote, next: at + 1 };
  const digits = { x: 2, u: 4, U: 8 }[char];
  if (digits !== undefined) {
    const hex = body.slice(at + 1, at + 1 + digits);
    if (hex.length !== digits || !/^[0-9a-fA-F]+$/.test(hex)) return undefined;
    const code = Number.parseInt(hex, 16);
    if (char === 'x') return { value: code, next: at + 3 };
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined;
    return { value: String.fromCodePoint(code), next: at + 1 + digits };
  }
  const octal = /^[0-7]{3}/.exec(body.slice(at, at + 3));
  if (octal === null) return undefined;
  const code = Number.parseInt(octal[0], 8);
  return code > 255 ? undefined : { value: code, next: at + 3 };
}

function joinBytes(parts: readonly (string | number)[]): string {
  if (!parts.some((part) => typeof part === 'number' && part >= 0x80)) {
    return parts.map((part) => (typeof part === 'number' ? String.fromCharCode(part) : part)).join('');
  }
  let out = '';
  let bytes: number[] = [];
  const flush = () => {
    out += decodeBytes(bytes);
    bytes = [];
  };
  for (const part of parts) {
    if (typeof part === 'number') bytes.push(part);
    else if (bytes.length > 0) {
      flush();
      out += part;
    } else out += part;
  }
  flush();
  return out;
}

/** UTF-8 bytes to text; a byte that belongs to no character becomes U+DC80+byte. */
function decodeBytes(bytes: readonly number[]): string {
  let out = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at]!);
    const slice = Uint8Array.from(bytes.slice(at, at + length));
    const text = slice.length === length ? new TextDecoder('utf-8').decode(slice) : '\uFFFD';
    const isLiteralReplacement = slice[0] === 0xef && slice[1] === 0xbf && slice[2] === 0xbd;
    if (!text.includes('\uFFFD') || isLiteralReplacement) {
      out += text;
      at += length;
    } else {
      out += String.fromCharCode(0xdc00 + bytes[at]!);
      at++;
    }
  }
  return out;
}

function sequenceLength(lead: number): number {
  if (lead < 0xc0) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

/** Whether a text is valid UTF-8 in Prometheus's eyes: it holds no lone surrogate. */
export function isValidUtf8(text: string): boolean {
  return text.isWellFormed();
}

const legacyLabelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Whether a label name needs no quotes. */
export function isLegacyLabelName(name: string): boolean {
  return legacyLabelName.test(name);
}
