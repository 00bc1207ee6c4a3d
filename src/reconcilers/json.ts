import { sameQuantity } from '../render/workload/quantity.ts';

/** Deep equality of JSON values; an absent member equals an undefined one. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => jsonEqual(item, b[index]));
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  for (const key of Object.keys(left)) if (!jsonEqual(left[key], right[key])) return false;
  for (const key of Object.keys(right)) if (right[key] !== undefined && !(key in left)) return false;
  return true;
}

/** Maps that the API treats as one value: another manager's entry in them is a change of ours. */
const atomicMaps: ReadonlySet<string> = new Set(['matchLabels', 'nodeSelector', 'selector']);

/** Maps and fields of amounts, which an API server stores in its own spelling. */
const amountMaps: ReadonlySet<string> = new Set(['requests', 'limits']);
const amountFields: ReadonlySet<string> = new Set(['sizeLimit', 'divisor']);

/** Fields whose zero value an API server leaves out, and where absent means just that. */
const droppedZeros: ReadonlySet<string> = new Set([
  'hostIPC',
  'hostNetwork',
  'hostPID',
  'initialDelaySeconds',
  'minReadySeconds',
  'publishNotReadyAddresses',
  'readOnly',
  'stdin',
  'stdinOnce',
  'tty',
]);

/**
 * Whether every value of `desired` stands in `live`, which may hold more: what a server defaults or other managers
 * own. Lists must have equal lengths and match item by item. An empty value in `desired` matches an absent one.
 */
export function jsonContains(live: unknown, desired: unknown): boolean {
  if (desired === undefined || live === desired) return true;
  if (live === undefined || live === null) return isEmpty(desired);
  if (typeof desired !== 'object' || desired === null || typeof live !== 'object') return false;
  if (Array.isArray(desired)) {
    if (!Array.isArray(live) || live.length !== desired.length) return false;
    return desired.every((item, index) => jsonContains(live[index], item));
  }
  if (Array.isArray(live)) return false;
  return Object.entries(desired).every(([key, value]) => {
    const held = (live as Record<string, unknown>)[key];
    if (droppedZeros.has(key) && held === undefined && (value === false || value === 0)) return true;
    if (amountFields.has(key) && isSameAmount(held, value)) return true;
    if (amountMaps.has(key) && isRecord(held) && isRecord(value)) {
      return Object.entries(value).every(([name, amount]) => isSameAmount(held[name], amount));
    }
    return atomicMaps.has(key)
      ? jsonContains(held, value) && sameKeys(held, value)
      : jsonContains(held, value);
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSameAmount(a: unknown, b: unknown): boolean {
  const isAmount = (value: unknown) => typeof value === 'string' || typeof value === 'number';
  return a === b || (isAmount(a) && isAmount(b) && sameQuantity(a as string | number, b as string | number));
}

function sameKeys(a: unknown, b: unknown): boolean {
  const count = (value: unknown) =>
    typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
  return count(a) === count(b);
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === '') return true;
  if (typeof value !== 'object') return false;
  return Array.isArray(value) ? value.length === 0 : Object.values(value as object).every(isEmpty);
}

/** JSON text with sorted object keys: equal values give equal texts, for hashes. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`;
}
