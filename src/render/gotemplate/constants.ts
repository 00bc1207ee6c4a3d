import { goQuote } from '../../storage-engine/promql/syntax/go-format.ts';
import { simpleEscapes } from '../../storage-engine/promql/syntax/strings.ts';

const integer =
  /^[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/;
const decimal =
  /^[+-]?(?:[0-9](?:_?[0-9])*\.?(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)(?:[eE][+-]?[0-9](?:_?[0-9])*)?$/;
const hexadecimalFloat =
  /^[+-]?0[xX](?:(?:_?[0-9a-fA-F])+\.?(?:[0-9a-fA-F](?:_?[0-9a-fA-F])*)?|\.[0-9a-fA-F](?:_?[0-9a-fA-F])*)[pP][+-]?[0-9](?:_?[0-9])*$/;

/** Why a number token is no Go number; undefined when it is one. */
export function numberFault(text: string): string | undefined {
  const isImaginary = text.endsWith('i');
  const number = isImaginary ? text.slice(0, -1) : text;
  if (isImaginary && isFloat(number)) return undefined;
  if (integer.test(text) && fitsInteger(text)) return undefined;
  if (!isFloat(text)) return `illegal number syntax: ${goQuote(text)}`;
  return /[.eEpP]/.test(text) ? undefined : `integer overflow: ${goQuote(text)}`;
}

/** Why a complex constant (`1+2i`) is none; undefined when it is one. */
export function complexFault(text: string): string | undefined {
  const split = Math.max(text.lastIndexOf('+', text.length - 2), text.lastIndexOf('-', text.length - 2));
  const halves = [text.slice(0, split), text.slice(split, -1)];
  return halves.every(isFloat) ? undefined : 'syntax error scanning complex number';
}

function isFloat(text: string): boolean {
  if (hexadecimalFloat.test(text)) return true;
  return decimal.test(text) && Number.isFinite(Number(text.replaceAll('_', '')));
}

function fitsInteger(text: string): boolean {
  const negative = text.startsWith('-');
  const signed = /^[+-]/.test(text);
  const digits = text.replace(/^[+-]/, '').replaceAll('_', '');
  if (digits.length > 80) return false;
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const value = BigInt(octal.replace(/^0O/, '0o').replace(/^0B/, '0b').replace(/^0X/, '0x'));
  // A sign rules out the unsigned reading.
  if (negative) return value <= 2n ** 63n;
  return signed ? value < 2n ** 63n : value < 2n ** 64n;
}

/** The text of a Go string literal with its quotes, or undefined when Go's strconv.Unquote refuses it. */
export function unquoteGoString(literal: string): string | undefined {
  const body = literal.slice(1, -1);
  if (literal.startsWith('`')) return body.replaceAll('\r', '');
  let out = '';
  for (let at = 0; at < body.length; ) {
    const char = body[at]!;
    if (char !== '\\') {
      if (char === '\n' || char === '"') return undefined;
      out += char;
      at++;
      continue;
    }
    const escaped = readEscape(body, at + 1, '"');
    if (escaped === undefined) return undefined;
    out += escaped.value;
    at = escaped.next;
  }
  return out;
}

/** Why a character constant with its quotes is none; undefined when it is one. */
export function charConstantFault(literal: string): string | undefined {
  const body = literal.slice(1, -1);
  const malformed = `malformed character constant: ${literal}`;
  if (body.startsWith('\\')) {
    const escaped = readEscape(body, 1, "'");
    if (escaped === undefined) return 'invalid syntax';
    return escaped.next === body.length ? undefined : malformed;
  }
  if (body === '') return 'invalid syntax';
  return [...body].length === 1 ? undefined : malformed;
}

function readEscape(body: string, at: number, quote: string): { value: string; next: number } | undefined {
  const char = body[at] ?? '';
  const simple = simpleEscapes[char];
  if (simple !== undefined) return { value: simple, next: at + 1 };
  if (char === quote) return { value: quote, next: at + 1 };
  const digits = { x: 2, u: 4, U: 8 }[char];
  if (digits !== undefined) {
    const hex = body.slice(at + 1, at + 1 + digits);
    if (hex.length !== digits || !/^[0-9a-fA-F]+$/.test(hex)) return undefined;
    const code = Number.parseInt(hex, 16);
    if (char !== 'x' && (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))) return undefined;
    return { value: String.fromCodePoint(code), next: at + 1 + digits };
  }
  const octal = /^[0-7]{3}/.exec(body.slice(at, at + 3))?.[0];
  if (octal === undefined || Number.parseInt(octal, 8) > 255) return undefined;
  return { value: String.fromCharCode(Number.parseInt(octal, 8)), next: at + 3 };
}
