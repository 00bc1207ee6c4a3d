import { goQuote } from './go-format.ts';

const hexadecimal = /^0[xX](?:_?[0-9a-fA-F])+$/;
const octal = /^0(?:_?[0-7])+$/;
const decimalInteger = /^(?:0|[1-9](?:_?\d)*)$/;
const decimalFloat = /^(?:\d(?:_?\d)*)?\.?(?:\d(?:_?\d)*)?(?:[eE][+-]?\d(?:_?\d)*)?$/;

/**
 * The value of a number token: an integer as Go's ParseInt with base 0 reads it (hexadecimal, octal by a leading
 * zero, underscores), else a float as Go's ParseFloat does.
 */
export function parseNumber(text: string): { readonly value: number } | { readonly reason: string } {
  const lower = text.toLowerCase();
  if (lower === 'inf') return { value: Infinity };
  if (lower === 'nan') return { value: NaN };
  const plain = text.replaceAll('_', '');
  if (decimalInteger.test(text)) return finite(Number(plain), text);
  if (hexadecimal.test(text)) {
    const value = plain.length <= 20 ? BigInt(plain) : 2n ** 64n;
    if (value < 2n ** 63n) return { value: Number(value) };
    return invalid(text);
  }
  if (octal.test(text)) {
    const value = plain.length <= 24 ? BigInt(`0o${plain.slice(1)}`) : 2n ** 64n;
    if (value < 2n ** 63n) return { value: Number(value) };
    return finite(Number(plain), text);
  }
  if (text === '' || !/\d/.test(text) || !decimalFloat.test(text)) return invalid(text);
  return finite(Number(plain), text);
}

function finite(value: number, text: string): { value: number } | { reason: string } {
  if (Number.isFinite(value)) return { value };
  return { reason: `error parsing number: strconv.ParseFloat: parsing ${goQuote(text)}: value out of range` };
}

function invalid(text: string): { reason: string } {
  return { reason: `error parsing number: strconv.ParseFloat: parsing ${goQuote(text)}: invalid syntax` };
}
