import { jsonText } from '../../format/json-text.ts';
import { Labels } from '../../promql/exec/labels.ts';
import { jsonMessage } from '../json-text.ts';
import type { Params } from '../params.ts';
import type { TextAnswer } from '../query-api.ts';

/** What the live servers answer by themselves, with the labels that each adds to what leaves it. */
export interface ServerSource {
  readonly replicaLabels: readonly string[];
  /** `data` of the same request to every live server; one that fails is named as partial. */
  askServers(path: string): Promise<readonly { readonly data: unknown; readonly external: Labels }[]>;
}

export type Text = Record<string, string>;

/** Labels with the server's own put in and those that tell replicas apart left out. */
export function told(labels: Text | undefined, external: Labels, source: ServerSource): Text {
  const all = Labels.from([...Object.entries(labels ?? {}), ...external.entries()]);
  return Object.fromEntries([...all.without(source.replicaLabels).entries()]);
}

/** One of each key, chosen by `better` where several servers have it; in the order of first appearance. */
export function unique<T>(items: readonly T[], keyOf: (item: T) => unknown, better: (a: T, b: T) => T): T[] {
  const found = new Map<string, T>();
  for (const item of items) {
    const key = JSON.stringify(keyOf(item));
    const known = found.get(key);
    found.set(key, known === undefined ? item : better(known, item));
  }
  return [...found.values()];
}

/** Members that Prometheus writes by its own encoder of labels, which leaves alone what means something in HTML. */
const labelSets: ReadonlySet<string> = new Set([
  'labels',
  'annotations',
  'discoveredLabels',
  'target',
  'seriesLabels',
]);

export function jsonAnswer(value: unknown): TextAnswer {
  return { data: jsonOf(value, jsonMessage), warnings: [], infos: [] };
}

function jsonOf(value: unknown, write: (text: string) => string): string {
  if (typeof value === 'string') return write(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map((item) => jsonOf(item, write)).join(',')}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members
    .map(([name, member]) => `${write(name)}:${jsonOf(member, labelSets.has(name) ? jsonText : write)}`)
    .join(',')}}`;
}

export function forwarded(params: Params, without: readonly string[] = []): string {
  const rest = new URLSearchParams([...params].filter(([name]) => !without.includes(name)));
  return rest.size === 0 ? '' : `?${rest}`;
}

export const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
