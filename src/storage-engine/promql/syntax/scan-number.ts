/** The end of what was read, and whether it forms a token. */
export interface Scan {
  readonly ok: boolean;
  readonly end: number;
}

const decimal = /[0-9]/;
const hexadecimalDigit = /[0-9a-fA-F]/;
const wordChar = /[A-Za-z0-9_]/;

/**
 * Reads a number token: `[.][d][d._eE]*` where dot and exponent come once and stand between digits. The token is
 * not necessarily a valid number. Without `hexadecimal`, an `x` may follow (repetition in series descriptions).
 */
export function scanNumber(text: string, start: number, options: { readonly hexadecimal: boolean }): Scan {
  let at = start;
  let digit = decimal;
  const is = (set: string) => at < text.length && set.includes(text[at]!);
  const isDigitHere = () => at < text.length && digit.test(text[at]!);
  if (options.hexadecimal && is('0')) {
    at++;
    if (is('xX')) {
      at++;
      if (is('_')) at++;
      digit = hexadecimalDigit;
    }
  }
  if (is('.')) at++;
  if (isDigitHere()) at++;
  let dotSeen = false;
  let exponentSeen = false;
  while (isDigitHere() || is('._eE')) {
    if (is('.')) {
      at++;
      if (dotSeen) return { ok: false, end: at };
      dotSeen = true;
      if (is('_.')) return { ok: false, end: at + 1 };
      if (digit === hexadecimalDigit) return { ok: false, end: at };
    } else if (is('eE') && exponentSeen) {
      return { ok: false, end: at + 1 };
    } else if (is('eE')) {
      at++;
      exponentSeen = true;
      if (is('+-')) at++;
      if (is('._eE')) return { ok: false, end: at + 1 };
      if (at >= text.length) return { ok: false, end: at };
    } else if (is('_')) {
      at++;
      if (is('._eE')) return { ok: false, end: at + 1 };
      if (at >= text.length) return { ok: false, end: at };
    } else {
      while (isDigitHere()) at++;
    }
  }
  if (at === start) return { ok: false, end: at };
  const next = text[at];
  const ends = next === undefined || !wordChar.test(next) || (!options.hexadecimal && next === 'x');
  return { ok: ends, end: at };
}

/** Reads the rest of a duration token behind its first digits. */
export function scanRemainingDuration(text: string, start: number): Scan {
  let at = start;
  const is = (set: string) => at < text.length && set.includes(text[at]!);
  if (!is('smhdwy')) return { ok: false, end: at };
  at++;
  if (is('s')) at++;
  while (is('0123456789')) {
    while (is('0123456789')) at++;
    if (!is('smhdw')) return { ok: false, end: at };
    at++;
    if (is('s')) at++;
  }
  const next = text[at];
  if (next === undefined || !wordChar.test(next)) return { ok: true, end: at };
  return { ok: false, end: at + 1 };
}
