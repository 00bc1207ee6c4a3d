import type { LabelOf } from './retention.ts';

/** Labels of a series, name and value in turn, as a lookup; those of its block or server go before its own. */
export function labelLookup(external: Readonly<Record<string, string>>, pairs: readonly string[]): LabelOf {
  return (name) => {
    const given = external[name];
    if (given !== undefined) return given;
    for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === name) return pairs[i + 1]!;
    return '';
  };
}
