import type { Random } from '../../base/random.ts';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const timeCharacters = 10;
const randomCharacters = 16;

/** A new ULID: 48 bits of milliseconds since the epoch and 80 random bits, in Crockford's base 32 (github.com/ulid/spec). */
export function newUlid(nowMs: number, random: Random): string {
  let text = '';
  let rest = Math.floor(nowMs);
  for (let i = 0; i < timeCharacters; i++) {
    text = alphabet[rest % 32]! + text;
    rest = Math.floor(rest / 32);
  }
  for (let i = 0; i < randomCharacters; i++) text += alphabet[Math.floor(random.next() * 32)]!;
  return text;
}
