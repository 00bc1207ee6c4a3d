import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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

const silence = { matchers: ['alertname="A"'], comment: 'x', duration: '8h' };
const rules = (...list: unknown[]) => ({ groups: [{ name: 'g', rules: list }] });
const route = (receiver: unknown, extra: unknown = {}) => ({
  receivers: [{ name: 'r', ...(receiver as object) }],
  route: { receiver: 'r', ...(extra as object) },
});
const secret = { secretKeyRef: { name: 's', key: 'k' } };

describe('checkObject accepts', () => {
  it.each([
    ['MonitoringStack', {}],
    [
      'MonitoringStack',
      { prometheus: { replicas: 2, storage: { size: '100Gi' }, limits: { samples: '50k', labels: 60 } } },
    ],
    [
      'MonitoringStack',
      {
        prometheus: {
          select: { namespaces: {}, rules: { matchLabels: { a: 'b' } } },
          podTemplate: { spec: { x: [1] } },
        },
      },
    ],
    [
      'AlertRuleSet',
      rules(
        { alert: 'A', expr: 'up == 0', for: '5m', labels: { severity: 'page' } },
        { record: 'a:b', expr: '1' },
      ),
    ],
    ['AlertRuleSet', { groups: [] }],
    ['AlertRoute', route({ slack: { channel: '#x', apiURL: secret } })],
    [
      'AlertRoute',
      route({
        webhook: {
          url: 'http://sink/',
          payload: ['a'],
          httpConfig: { authorization: { credentials: secret } },
        },
      }),
    ],
    [
      'AlertRoute',
      route({}, { routes: [{ matchers: ['a="b"'], routes: [{ receiver: 'r', groupBy: ['...'] }] }] }),
    ],
    [
      'AlertRoute',
      route({
        passThrough: [
          {
            type: 'slack',
            config: { api_url: 'x' },
            secretFields: [{ path: 'api_url', secretKeyRef: secret.secretKeyRef }],
          },
        ],
      }),
    ],
    ['Silence', silence],
    ['Silence', { ...silence, duration: undefined as unknown, endsAt: '2026-11-21T06:00:00+01:00' }],
  ])('%s %j', (kind, spec) => {
    expect(faultsOf(kind, JSON.parse(JSON.stringify(spec)))).toEqual([]);
  });
});

describe('checkObject refuses', () => {
  it.each([
    ['Silence', { ...silence, comment: undefined }, 'spec FieldMissing: comment is missing'],
    [
      'Silence',
      { ...silence, endsAt: '2026-11-21T06:00:00Z' },
      'spec FieldsContradict: exactly one of endsAt, duration and schedule must be set',
    ],
    [
      'Silence',
      { ...silence, duration: undefined, startsAt: '2026-11-21T06:00:00Z', endsAt: '2026-11-20T06:00:00Z' },
      'spec FieldsContradict: endsAt must be after startsAt',
    ],
    [
      'Silence',
      { ...silence, duration: '8 hours' },
      'spec.duration FieldValueInvalid: "8 hours" is no duration, such as 30s, 5m or 1h30m',
    ],
    [
      'Silence',
      { ...silence, startsAt: '2026-02-30T00:00:00Z' },
      'spec.startsAt FieldValueInvalid: "2026-02-30T00:00:00Z" is no time in RFC 3339 form, such as 2026-11-20T22:00:00Z',
    ],
    ['Silence', { ...silence, matchers: [] }, 'spec.matchers FieldValueInvalid: needs at least 1 item'],
    ['Silence', { ...silence, matchers: 'a=b' }, 'spec.matchers FieldTypeWrong: must be a list, is a string'],
    ['Silence', { ...silence, coment: 'x' }, 'spec.coment FieldUnknown: no field "coment" here'],
    [
      'AlertRuleSet',
      rules({ alert: 'A', expr: '1', keep_firing_for: '5m' }),
      'spec.groups[0].rules[0].keep_firing_for FieldUnknown: no field "keep_firing_for" here; did you mean keepFiringFor?',
    ],
    [
      'AlertRuleSet',
      rules({ alert: 'A', record: 'b', expr: '1' }),
      'spec.groups[0].rules[0] FieldsContradict: exactly one of alert and record must be set',
    ],
    [
      'AlertRuleSet',
      rules({ record: 'b', expr: '1', for: '1m' }),
      'spec.groups[0].rules[0] FieldsContradict: a recording rule takes no for, keepFiringFor or annotations',
    ],
    [
      'AlertRuleSet',
      rules({ record: 'b', expr: 1 }),
      'spec.groups[0].rules[0].expr FieldTypeWrong: must be a string, is an integer; put it in quotes: "1"',
    ],
    [
      'AlertRuleSet',
      rules({ alert: 'A', expr: '1', labels: { a: true } }),
      'spec.groups[0].rules[0].labels.a FieldTypeWrong: must be a string, is true or false; put it in quotes: "true"',
    ],
    [
      'AlertRuleSet',
      {
        groups: [
          { name: 'g', rules: [] },
          { name: 'g', rules: [] },
        ],
      },
      'spec.groups[1].name ItemDuplicate: "g" occurs already as item 0',
    ],
    ['AlertRuleSet', null, 'spec FieldTypeWrong: must be an object, is nothing'],
    [
      'AlertRuleSet',
      rules({ alert: 'A', expr: '\ud800' }),
      'spec.groups[0].rules[0].expr FieldValueInvalid: is no valid Unicode text',
    ],
    [
      'MonitoringStack',
      { prometheus: { replicas: 2.5 } },
      'spec.prometheus.replicas FieldTypeWrong: must be an integer, is a number',
    ],
    [
      'MonitoringStack',
      { prometheus: { replicas: -1 } },
      'spec.prometheus.replicas FieldValueInvalid: -1 is less than 0',
    ],
    [
      'MonitoringStack',
      { prometheus: { version: '3.5' } },
      'spec.prometheus.version FieldValueInvalid: "3.5" is no version, such as v3.5.3',
    ],
    [
      'MonitoringStack',
      { prometheus: { storage: { size: '10 GB' } } },
      'spec.prometheus.storage.size FieldValueInvalid: "10 GB" is no quantity, such as 50Gi, 500Mi or 50k',
    ],
    [
      'MonitoringStack',
      { rollout: { agents: 'rolling' } },
      'spec.rollout.agents FieldValueInvalid: "rolling" is not one of "OnNextRestart", "Rolling", "Manual"; did you mean "Rolling"?',
    ],
    [
      'AlertRoute',
      route({ slack: { api_url: 'https://x' } }),
      'spec.receivers[0].slack.api_url FieldUnknown: no field "api_url" here; did you mean apiURL?',
    ],
    [
      'AlertRoute',
      route({ slack: { apiURL: 'https://x' } }),
      'spec.receivers[0].slack.apiURL FieldTypeWrong: must be an object, is a string',
    ],
    [
      'AlertRoute',
      route({ webhook: {} }),
      'spec.receivers[0].webhook FieldsContradict: exactly one of url and urlFrom must be set',
    ],
    [
      'AlertRoute',
      route({
        webhook: {
          url: 'http://x',
          httpConfig: { basicAuth: { username: 'u' }, authorization: { credentials: secret } },
        },
      }),
      'spec.receivers[0].webhook.httpConfig FieldsContradict: at most one of basicAuth, authorization and oauth2 may be set',
    ],
    [
      'AlertRoute',
      route({}, { routes: [{ routes: [{ reciever: 'r' }] }] }),
      'spec.route.routes[0].routes[0].reciever FieldUnknown: no field "reciever" here; did you mean receiver?',
    ],
    [
      'AlertRoute',
      route({}, { groupWait: 30 }),
      'spec.route.groupWait FieldTypeWrong: must be a string, is an integer; put it in quotes: "30"',
    ],
  ])('%s %j', (kind, spec, fault) => {
    expect(faultsOf(kind, spec === null ? null : JSON.parse(JSON.stringify(spec)))).toContain(fault);
  });

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
    expect(faultsOf('AlertRoute', route({}, node)).join()).toContain('nested deeper');
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
