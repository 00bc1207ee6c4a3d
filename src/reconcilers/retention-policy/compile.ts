import { createHash } from 'node:crypto';
import type { FieldFault, FieldPath } from '../../crds/fault.ts';
import type { RetentionPolicy } from '../../crds/retention-policy.ts';
import { parsePrometheusDuration } from '../../render/alertmanager/checks/duration.ts';
import { type Matcher, parseMatchers, sortMatchers } from '../../render/alertmanager/matcher.ts';
import {
  type Erasure,
  type Keep,
  type RetentionRules,
  resolutionsMs,
  type StoredMatcher,
} from '../../storage-engine/format/retention-document.ts';
import { compileMatcher } from '../../storage-engine/promql/syntax/matcher.ts';

/** An erasure as an object asks for it; its time is known once it has been accepted. */
export type ErasureRequest = Omit<Erasure, 'untilMs' | 'requestedAtMs'> & {
  readonly beforeMs: number | undefined;
};

/** A RetentionPolicy as the bucket is told it; nothing of it where it has a fault: half of a policy could delete too much. */
export interface CompiledPolicy {
  readonly rules: RetentionRules;
  readonly erasures: readonly ErasureRequest[];
  readonly faults: readonly FieldFault[];
  /** What is allowed but surely not meant: rules that can take nothing. */
  readonly notes: readonly FieldFault[];
}

const resolutionByName = { raw: resolutionsMs[0], '5m': resolutionsMs[1], '1h': resolutionsMs[2] } as const;

export function compilePolicy(policy: RetentionPolicy): CompiledPolicy {
  const faults: FieldFault[] = [];
  const name = `${policy.metadata.namespace ?? ''}/${policy.metadata.name}`;
  const rules = (policy.spec.rules ?? []).map(({ matchers, keep }, index) => ({
    matchers: readMatchers(matchers, ['spec', 'rules', index, 'matchers'], faults),
    keep: readKeep(keep, ['spec', 'rules', index, 'keep'], faults),
  }));
  const erasures = (policy.spec.erase ?? []).map(({ matchers: texts, reason, before }, index) => {
    const path = ['spec', 'erase', index, 'matchers'];
    const before_ = before === undefined ? undefined : Date.parse(before);
    const matchers = readMatchers(texts, path, faults);
    if (matchers.length > 0 && matchers.every((matcher) => compileMatcher(matcher)('')))
      faults.push({
        path,
        code: 'InvalidMatcher',
        message: 'every matcher takes series without the label: this would erase whatever lacks these labels',
      });
    return {
      id: erasureId(name, matchers, reason, before),
      matchers,
      reason,
      policy: name,
      beforeMs: before_,
    };
  });
  const notes = shadowed(rules).map(
    ({ rule, by }): FieldFault => ({
      path: ['spec', 'rules', rule],
      code: 'RuleShadowed',
      message: `rule ${by} has the same or fewer matchers and comes first, so rule ${rule} takes no series`,
    }),
  );
  return { rules: { name, rules }, erasures, faults, notes };
}

/** Prometheus durations by resolution names, as the engine reckons; finest first. */
export function readKeep(
  keep: readonly { readonly resolution: keyof typeof resolutionByName; readonly duration: string }[],
  path: FieldPath,
  faults: FieldFault[],
): Keep[] {
  return keep
    .flatMap(({ resolution, duration }, index): Keep[] => {
      const durationMs = parsePrometheusDuration(duration);
      if (durationMs !== undefined) return [{ resolutionMs: resolutionByName[resolution], durationMs }];
      faults.push({
        path: [...path, index, 'duration'],
        code: 'InvalidDuration',
        message: `${JSON.stringify(duration)} is not a Prometheus duration of at most 292 years`,
      });
      return [];
    })
    .sort((a, b) => a.resolutionMs - b.resolutionMs);
}

function readMatchers(texts: readonly string[], path: FieldPath, faults: FieldFault[]): StoredMatcher[] {
  const matchers: Matcher[] = [];
  for (const [index, text] of texts.entries()) {
    const result = parseMatchers(text);
    if ('matchers' in result) {
      matchers.push(...result.matchers);
      continue;
    }
    const { message, column } = result.fault;
    faults.push({
      path: [...path, index],
      code: 'InvalidMatcher',
      message,
      ...(column === undefined ? {} : { line: 1, column }),
    });
  }
  return sortMatchers(matchers).map(({ name, operator, value }) => ({ name, op: operator, value }));
}

/** Equal requests of one object are one erasure: a new `before` or reason makes a new one. */
function erasureId(
  policy: string,
  matchers: readonly StoredMatcher[],
  reason: string,
  before: string | undefined,
): string {
  const text = JSON.stringify([
    policy,
    matchers.map(({ name, op, value }) => [name, op, value]),
    reason,
    before,
  ]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** Rules that can take no series, as an earlier rule with the same or fewer matchers takes them first. */
function shadowed(
  rules: readonly { readonly matchers: readonly StoredMatcher[] }[],
): { readonly rule: number; readonly by: number }[] {
  const texts = rules.map(
    ({ matchers }) => new Set(matchers.map(({ name, op, value }) => JSON.stringify([name, op, value]))),
  );
  return texts.flatMap((own, rule) => {
    const by = texts.findIndex((earlier, at) => at < rule && earlier.isSubsetOf(own));
    return by < 0 ? [] : [{ rule, by }];
  });
}
