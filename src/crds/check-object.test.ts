import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptedSpecs, refusedSpecs } from '../../test/support/crd-cases.ts';
import { limits } from '../base/limits.ts';
import { checkObject, isDateTime } from './check-object.ts';
import { formatPath, statusFault } from './fault.ts';
import { kindDefinition, kinds } from './kinds.ts';
import { editDistance, suggestName } from './suggestion.ts';

function faultsOf(kind: string, spec: unknown, name = 'x'): string[] {
  return checkObject(kindDefinition(kind)!, {
    apiVersion: 'promfleet.dev/v1alpha1',
    kind,
    metadata: { name, namespace: 'shop' },
    spec,
  }).map((fault) => `${formatPath(fault.path)} ${fault.code}: ${fault.message}`);
}

const route = (extra: unknown) => ({
  receivers: [{ name: 'r' }],
  route: { receiver: 'r', ...(extra as object) },
});

describe('checkObject accepts', () => {
  it.each(acceptedSpecs.map(([kind, spec]) => ({ kind, spec })))('$kind $spec', ({ kind, spec }) => {
    expect(faultsOf(kind, JSON.parse(JSON.stringify(spec)))).toEqual([]);
  });
});

describe('checkObject refuses', () => {
  it.each(refusedSpecs.map(([kind, spec, fault]) => ({ kind, spec, fault })))(
    '$kind: $fault',
    ({ kind, spec, fault }) => {
      expect(faultsOf(kind, spec === null ? null : JSON.parse(JSON.stringify(spec)))).toContain(fault);
    },
  );

  it('a stack whose name is too long for its pods', () => {
    expect(faultsOf('MonitoringStack', {}, 'a'.repeat(38)).join()).toContain('at most 37 characters');
    expect(faultsOf('MonitoringStack', {}, 'a.b').join()).toContain('begins with a letter');
  });

  it('fields beside spec that no object has', () => {
    const faults = checkObject(kindDefinition('Silence')!, { kind: 'Silence', specs: {} });
    expect(faults.map((fault) => fault.message)).toEqual([
      'no field "specs" here; did you mean spec?',
      'spec is missing',
    ]);
  });
});

describe('checkObject on hostile input', () => {
  it('tells a bounded number of faults', () => {
    const spec = { groups: Array.from({ length: 150 }, () => ({ name: 1, rules: [{}, {}] })) };
    expect(faultsOf('AlertRuleSet', spec)).toHaveLength(limits.objectFaults);
  });

  it('ends on deep nesting', () => {
    let node: Record<string, unknown> = {};
    for (let depth = 0; depth < 5000; depth++) node = { routes: [node] };
    expect(faultsOf('AlertRoute', route(node)).join()).toContain('nested deeper');
  });

  it('does not take fields from Object.prototype for fields of the kind', () => {
    const object = JSON.parse(
      '{"kind":"Silence","spec":{"__proto__":{"matchers":[]},"constructor":1,"toString":2}}',
    );
    const text = checkObject(kindDefinition('Silence')!, object)
      .map((fault) => fault.message)
      .join();
    expect(text).toContain('no field "__proto__"');
    expect(text).toContain('no field "constructor"');
  });

  it('never throws, whatever JSON it is given', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.jsonValue(), (definition, spec) => {
        for (const fault of checkObject(definition, { kind: definition.kind, spec })) {
          expect(fault.message).not.toBe('');
          expect(statusFault(fault).path.length).toBeLessThanOrEqual(1024);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('isDateTime', () => {
  it.each([
    ['2026-11-20T22:00:00Z', true],
    ['2026-11-20T22:00:00.123+05:30', true],
    ['2024-02-29T00:00:00Z', true],
    ['2026-02-29T00:00:00Z', false],
    ['2026-11-20 22:00:00Z', false],
    ['2026-11-20T24:00:00Z', false],
    ['2026-11-20T22:00:00', false],
  ])('%s: %s', (text, valid) => {
    expect(isDateTime(text)).toBe(valid);
  });
});

describe('suggestName', () => {
  it.each([
    ['keep_firing_for', 'keepFiringFor'],
    ['recievers', 'receivers'],
    ['exp', 'expr'],
    ['zzz', undefined],
    ['x'.repeat(1000), undefined],
  ])('%s: %s', (name, meant) => {
    expect(suggestName(name, ['keepFiringFor', 'receivers', 'expr', 'for'])).toBe(meant);
  });

  it('measures a distance that is symmetric and zero only for equal names', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (left, right) => {
        expect(editDistance(left, right)).toBe(editDistance(right, left));
        expect(editDistance(left, right) === 0).toBe(left === right);
      }),
    );
  });
});
