/**
 * Whether the rules that a Prometheus shows are those of a changed file. Names must be the file's. Of what changed in a rule of
 * the same name, nothing may be shown as it was before: Prometheus prints expressions and durations in its own way, so what is
 * shown is never expected to be the new text, letter by letter, but it must not be the old one.
 */
import { load } from 'js-yaml';
import { parseDuration } from '../../storage-engine/promql/syntax/durations.ts';

/** A file before and after a change, as text; undefined where there was none. */
export interface FileContents {
  readonly before: string | undefined;
  readonly after: string;
}

export interface ShownGroup {
  readonly name: string;
  /** Seconds. */
  readonly interval?: number;
  readonly limit?: number;
  readonly rules: readonly ShownRule[];
}

export interface ShownRule {
  readonly name: string;
  readonly query: string;
  /** Seconds. */
  readonly duration?: number;
  /** Seconds. */
  readonly keepFiringFor?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface FileGroup {
  readonly name: string;
  readonly interval?: string;
  readonly limit?: number;
  readonly rules?: readonly FileRule[];
}

interface FileRule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The one way in which an expression is printed, for comparing; any text for one that is not understood. */
export type Canonical = (expression: string) => string;

export async function showsContent(
  shown: readonly ShownGroup[],
  contents: FileContents,
  canonical: () => Promise<Canonical>,
): Promise<boolean> {
  const after = groupsOf(contents.after);
  const before = contents.before === undefined ? [] : groupsOf(contents.before);
  if (!isEqual(namesOf(shown).sort(), namesOf(after).sort())) return false;
  for (const group of after) {
    const live = shown.find(({ name }) => name === group.name)!;
    const old = before.find(({ name }) => name === group.name);
    if (!isEqual(namesOf(live.rules), namesOf(rulesOf(group)))) return false;
    if (old === undefined) continue;
    // Without one it is the server's own.
    if (group.interval !== undefined && isOld(live.interval, seconds(old.interval), seconds(group.interval)))
      return false;
    if (isOld(live.limit, old.limit ?? 0, group.limit ?? 0)) return false;
    // Other names than before are a proof already.
    if (!isEqual(namesOf(rulesOf(old)), namesOf(rulesOf(group)))) continue;
    for (const [position, rule] of rulesOf(group).entries())
      if (await showsOld(live.rules[position]!, rulesOf(old)[position]!, rule, canonical)) return false;
  }
  return true;
}

async function showsOld(
  live: ShownRule,
  old: FileRule,
  rule: FileRule,
  canonical: () => Promise<Canonical>,
): Promise<boolean> {
  return (
    isOld(live.duration, seconds(old.for), seconds(rule.for)) ||
    isOld(live.keepFiringFor, seconds(old.keep_firing_for), seconds(rule.keep_firing_for)) ||
    isOld(mapText(live.labels), mapText(old.labels), mapText(rule.labels)) ||
    isOld(mapText(live.annotations), mapText(old.annotations), mapText(rule.annotations)) ||
    (await showsOldQuery(live.query, old.expr, rule.expr, canonical))
  );
}

async function showsOldQuery(
  live: string,
  old: string,
  expr: string,
  canonical: () => Promise<Canonical>,
): Promise<boolean> {
  if (old === expr || live === expr) return false;
  const print = await canonical();
  return isOld(print(live), print(old), print(expr));
}

/** Shows what it was before, and that is no longer what it should be. What is not known proves nothing. */
function isOld<T>(live: T | undefined, old: T | undefined, wanted: T | undefined): boolean {
  return live !== undefined && wanted !== undefined && old !== wanted && live === old;
}

const namesOf = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name);

const isEqual = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, position) => name === b[position]);

function rulesOf({ rules = [] }: FileGroup): (FileRule & { readonly name: string })[] {
  return rules.map((rule) => ({ ...rule, name: rule.alert ?? rule.record ?? '' }));
}

function groupsOf(text: string): readonly FileGroup[] {
  const value = load(text) as { readonly groups?: readonly FileGroup[] } | undefined;
  return value?.groups ?? [];
}

/** Undefined for what only a later Prometheus understands. */
function seconds(duration: string | undefined): number | undefined {
  if (duration === undefined) return 0;
  const parsed = parseDuration(duration);
  return 'ms' in parsed ? parsed.ms / 1000 : undefined;
}

function mapText(map: Readonly<Record<string, string>> = {}): string {
  return JSON.stringify(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}
