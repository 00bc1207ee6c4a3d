/** Go's ways of writing numbers and quoting text (packages strconv and fmt), for output that must equal Prometheus's. */

const escapes: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u;

/** Go's strconv.Quote. Bytes that are no UTF-8 are kept as lone surrogates U+DC80+byte (see strings.ts). */
export function goQuote(text: string): string {
  let out = '"';
  for (const char of text) out += char === '"' ? '\\"' : escapeRune(char);
  return `${out}"`;
}

/** Go's %q for a rune: single quotes. An empty string stands for "no rune". */
export function goQuoteRune(char: string): string {
  if (char === '') return "'\uFFFD'";
  return `'${char === "'" ? "\\'" : escapeRune(char)}'`;
}

function escapeRune(char: string): string {
  const known = escapes[char];
  if (known !== undefined) return known;
  const code = char.codePointAt(0) ?? 0;
  if (code === 0x20 || printable.test(char)) return char;
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code >= 0xd800 && code <= 0xdfff) return '\\ufffd';
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}

/** Decimal digits and exponent of the shortest text that reads back as `value` (finite): 0.d1d2... * 10^exponent. */
function shortestDigits(value: number): { negative: boolean; digits: string; exponent: number } {
  const negative = value < 0 || Object.is(value, -0);
  const [mantissa = '0', exponentText = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  return { negative, digits, exponent: Number(exponentText) + 1 };
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return undefined;
}

/** Go's strconv.FormatFloat(value, 'f', -1, 64): never an exponent. */
export function formatFloatPlain(value: number): string {
  const named = special(value);
  if (named !== undefined) return named;
  const { negative, digits, exponent } = shortestDigits(value);
  const sign = negative ? '-' : '';
  if (exponent <= 0) {
    return value === 0 ? `${sign}0` : `${sign}0.${'0'.repeat(-exponent)}${digits}`;
  }
  if (digits.length <= exponent) return sign + digits + '0'.repeat(exponent - digits.length);
  return `${sign}${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
}

/** Go's strconv.FormatFloat(value, 'e', -1, 64): always an exponent of two digits or more. */
export function formatFloatExponent(value: number): string {
  const named = special(value);
  if (named !== undefined) return named;
  const { negative, digits, exponent } = shortestDigits(value);
  const power = value === 0 ? 0 : exponent - 1;
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  const powerText = String(Math.abs(power)).padStart(2, '0');
  return `${negative ? '-' : ''}${digits[0]}${fraction}e${power < 0 ? '-' : '+'}${powerText}`;
}

/** Go's %v, and %g with the shortest precision: an exponent below 1e-4 and from 1e6... where 21 digits end. */
export function formatFloatGeneral(value: number): string {
  const named = special(value);
  if (named !== undefined) return named;
  const { exponent } = shortestDigits(value);
  const power = value === 0 ? 0 : exponent - 1;
  return power < -4 || power >= 6 ? formatFloatExponent(value) : formatFloatPlain(value);
}
