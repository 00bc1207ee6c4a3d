import { createHash } from 'node:crypto';

/** Letters that cannot form words or be misread, as Kubernetes uses for generated names. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** A short name for a value: equal for equal content whatever the order of keys; at most 10 characters. */
export function revisionHash(value: unknown): string {
  const digest = createHash('sha256').update(canonicalJson(value)).digest();
  let text = '';
  for (let i = 0; i < 10; i++) text += alphabet[digest[i]! % alphabet.length];
  return text;
}

/** JSON with sorted keys and without undefined members: one text per value. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

export function sameValue(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
