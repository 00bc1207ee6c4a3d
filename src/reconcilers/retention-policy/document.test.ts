import { describe, expect, it } from 'vitest';
import { formatPath } from '../../crds/fault.ts';
import type { RetentionPolicy, RetentionPolicySpec } from '../../crds/retention-policy.ts';
import { compilePolicy } from './compile.ts';
import { nextDocument } from './document.ts';

const dayMs = 86_400_000;

function policy(spec: Partial<RetentionPolicySpec>, name = 'p'): RetentionPolicy {
  return {
    apiVersion: 'promfleet.dev/v1alpha1',
    kind: 'RetentionPolicy',
    metadata: { name, namespace: 'monitoring' },
    spec: { stack: { name: 'main' }, mode: 'Enforce', ...spec },
  };
}

const input = (...policies: RetentionPolicy[]) => ({
  stack: 'monitoring/main',
  externalLabels: { cluster: 'eu' },
  defaultKeep: undefined,
  enforced: policies.map(compilePolicy),
});

describe('a RetentionPolicy', () => {
  it('becomes rules in milliseconds with parsed matchers', () => {
    const { rules, faults, notes } = compilePolicy(
      policy({
        rules: [
          {
            matchers: ['team=~"a|b"', '{job!="x"}'],
            keep: [
              { resolution: '1h', duration: '2y' },
              { resolution: 'raw', duration: '1d12h' },
            ],
          },
        ],
      }),
    );
    expect([faults, notes]).toEqual([[], []]);
    expect(rules).toEqual({
      name: 'monitoring/p',
      rules: [
        {
          matchers: [
            { name: 'job', op: '!=', value: 'x' },
            { name: 'team', op: '=~', value: 'a|b' },
          ],
          keep: [
            { resolutionMs: 0, durationMs: 1.5 * dayMs },
            { resolutionMs: 3_600_000, durationMs: 730 * dayMs },
          ],
        },
      ],
    });
  });

  const keep = [{ resolution: 'raw' as const, duration: '1d' }];
  it.each<[string, Partial<RetentionPolicySpec>, string, string]>([
    [
      'a matcher that cannot be read',
      { rules: [{ matchers: ['a'], keep }] },
      'spec.rules[0].matchers[0]',
      'InvalidMatcher',
    ],
    [
      'a regular expression that is none',
      { erase: [{ matchers: ['a=~"("'], reason: 'r' }] },
      'spec.erase[0].matchers[0]',
      'InvalidMatcher',
    ],
    [
      'a duration beyond 292 years',
      { rules: [{ matchers: ['a="b"'], keep: [{ resolution: 'raw', duration: '300y' }] }] },
      'spec.rules[0].keep[0].duration',
      'InvalidDuration',
    ],
    [
      'an erasure of all that lacks a label',
      { erase: [{ matchers: ['a!="b"', 'c=~".*"'], reason: 'r' }] },
      'spec.erase[0].matchers',
      'InvalidMatcher',
    ],
  ])('with %s is refused there', (_name, spec, path, code) => {
    expect(compilePolicy(policy(spec)).faults.map((fault) => [formatPath(fault.path), fault.code])).toEqual([
      [path, code],
    ]);
  });

  it('names a rule that an earlier one shadows', () => {
    const matchers = [['a="1"'], ['b="1"'], ['b="1"', 'a="1"'], ['c="1"']];
    const { notes } = compilePolicy(policy({ rules: matchers.map((each) => ({ matchers: each, keep })) }));
    expect(notes.map(({ path, message }) => [formatPath(path), message])).toEqual([
      ['spec.rules[2]', 'rule 0 has the same or fewer matchers and comes first, so rule 2 takes no series'],
    ]);
  });
});

describe("the bucket's document", () => {
  const erasing = policy({ erase: [{ matchers: ['user="7"'], reason: 'GDPR-1' }] });

  it('is the same object while nothing changes', () => {
    const first = nextDocument(input(erasing), undefined, 1000);
    expect(nextDocument(input(erasing), first, 2000)).toBe(first);
    expect(first).toMatchObject({ generation: 1, writtenAtMs: 1000, scope: { cluster: 'eu' }, policies: [] });
  });

  it('keeps an erasure with its first time when its object goes and when it comes again', () => {
    const first = nextDocument(input(erasing), undefined, 1000);
    const without = nextDocument(input(), first, 2000);
    expect(without).toBe(first);
    const again = nextDocument(input(erasing), without, 3000);
    expect(again.erasures).toMatchObject([{ untilMs: 1000, requestedAtMs: 1000, reason: 'GDPR-1' }]);
  });

  it('has a further erasure for a new reason or a new time, and the time that is given', () => {
    const first = nextDocument(input(erasing), undefined, 1000);
    const later = policy({
      erase: [
        { matchers: ['user="7"'], reason: 'GDPR-2' },
        { matchers: ['user="7"'], reason: 'GDPR-1', before: '1970-01-01T00:00:09Z' },
      ],
    });
    const next = nextDocument(input(later), first, 5000);
    expect(next.generation).toBe(2);
    expect(next.erasures.map(({ reason, untilMs }) => [reason, untilMs]).sort()).toEqual([
      ['GDPR-1', 1000],
      ['GDPR-1', 9000],
      ['GDPR-2', 5000],
    ]);
  });

  it('lists policies by name, whatever their order', () => {
    const rules = [{ matchers: ['a="1"'], keep: [{ resolution: 'raw' as const, duration: '1d' }] }];
    const [a, b] = [policy({ rules }, 'a'), policy({ rules }, 'b')];
    const first = nextDocument(input(b, a), undefined, 1000);
    expect(first.policies.map(({ name }) => name)).toEqual(['monitoring/a', 'monitoring/b']);
    expect(nextDocument(input(a, b), first, 2000)).toBe(first);
  });
});
