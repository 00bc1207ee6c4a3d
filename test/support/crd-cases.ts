/**
 * Specs and what a server must say of them, for our own check and for real API servers: both must take and refuse the
 * same. `undefined` values are left out.
 */
const silence = { matchers: ['alertname="A"'], comment: 'x', duration: '8h' };
const rules = (...list: unknown[]) => ({ groups: [{ name: 'g', rules: list }] });
const route = (receiver: unknown, extra: unknown = {}) => ({
  receivers: [{ name: 'r', ...(receiver as object) }],
  route: { receiver: 'r', ...(extra as object) },
});
const secret = { secretKeyRef: { name: 's', key: 'k' } };

type Accepted = readonly [kind: string, spec: unknown];
type Refused = readonly [kind: string, spec: unknown, fault: string, serverTakes?: 'taken by a server'];

export const acceptedSpecs: readonly Accepted[] = [
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
  ['AlertRuleSet', rules({ record: 'a', expr: '1', alert: null, labels: { b: null } })],
  ['MonitoringStack', { prometheus: { replicas: null, limits: null } }],
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
];

export const refusedSpecs: readonly Refused[] = [
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
  ['AlertRuleSet', null, 'spec FieldMissing: has no value'],
  [
    'AlertRuleSet',
    rules({ alert: 'A', expr: '\ud800' }),
    'spec.groups[0].rules[0].expr FieldValueInvalid: is no valid Unicode text',
    'taken by a server',
  ],
  [
    'MonitoringStack',
    { prometheus: { replicas: 2.5 } },
    'spec.prometheus.replicas FieldTypeWrong: must be an integer, is a number',
  ],
  [
    'MonitoringStack',
    { prometheus: { limits: { samples: -1 } } },
    'spec.prometheus.limits.samples FieldValueInvalid: -1 is less than 0',
  ],
  [
    'AlertRuleSet',
    rules({ alert: 'A', expr: null }),
    'spec.groups[0].rules[0].expr FieldMissing: has no value',
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
    'taken by a server',
  ],
  [
    'AlertRoute',
    route({}, { routes: [{ routes: [{ reciever: 'r' }] }] }),
    'spec.route.routes[0].routes[0].reciever FieldUnknown: no field "reciever" here; did you mean receiver?',
    'taken by a server',
  ],
  [
    'AlertRoute',
    route({}, { groupWait: 30 }),
    'spec.route.groupWait FieldTypeWrong: must be a string, is an integer; put it in quotes: "30"',
  ],
];
