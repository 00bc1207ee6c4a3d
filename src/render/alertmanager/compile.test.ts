import { expect, test } from 'vitest';
import type { AlertRoute, AlertRouteSpec } from '../../crds/alert-route.ts';
import { strictPolicy } from './checks/address.ts';
import { type CompileOptions, compileAlertRoute } from './compile.ts';
import { decodeFragment, encodeFragment, type Fragment } from './fragment.ts';

const hook = (name: string, path = name) => ({ name, webhook: { url: `https://hooks.example/${path}` } });
const slackOf = (key: string) => ({ apiURL: { secretKeyRef: { name: 's', key } } });

const good: AlertRouteSpec = {
  receivers: [hook('a'), { name: 'b', slack: slackOf('url') }],
  route: { receiver: 'a', routes: [{ receiver: 'b', matchers: ['x="y"'], muteTimeIntervals: ['nights'] }] },
  timeIntervals: [{ name: 'nights', timeIntervals: [{ times: [{ startTime: '22:00', endTime: '24:00' }] }] }],
  inhibitRules: [{ name: 'i', sourceMatchers: ['a="1"'], targetMatchers: ['b="2"'] }],
  templates: [{ name: 't', text: '{{ define "x" }}one{{ end }}' }],
};

function compile(spec: AlertRouteSpec, more: Partial<CompileOptions> = {}) {
  const route: AlertRoute = {
    apiVersion: 'promfleet.dev/v1alpha1',
    kind: 'AlertRoute',
    metadata: { name: 'r', namespace: 'n' },
    spec,
  };
  return compileAlertRoute(route, {
    version: 'v0.33.1',
    global: {},
    policy: strictPolicy,
    secrets: (_name, key) => (key === 'url' ? 'https://hooks.slack.example/1' : undefined),
    scope: 'namespace',
    ...more,
  });
}

const lastGood: Fragment = decodeFragment(encodeFragment(compile(good).fragment));

test('a good object has no faults and its fragment survives the bundle', () => {
  const result = compile(good);
  expect(result).toMatchObject({
    faults: [],
    lastGood: [],
    leftOut: [],
    receivers: { total: 2, accepted: 2 },
  });
  expect(lastGood).toEqual(result.fragment);
});

test.each<[string, AlertRouteSpec, string]>([
  [
    'a receiver whose Secret is gone',
    { ...good, receivers: [hook('a'), { name: 'b', slack: slackOf('gone') }] },
    'spec.receivers[b]',
  ],
  [
    'a time interval',
    { ...good, timeIntervals: [{ name: 'nights', timeIntervals: [{ months: ['may:jan'] }] }] },
    'spec.timeIntervals[nights]',
  ],
  ['a template', { ...good, templates: [{ name: 't', text: '{{ define "x" }}' }] }, 'spec.templates[t]'],
  [
    'an inhibition rule with a name',
    { ...good, inhibitRules: [{ name: 'i', sourceMatchers: ['a'], targetMatchers: ['b="2"'] }] },
    'spec.inhibitRules[0]',
  ],
  ['the routing tree', { ...good, route: { receiver: 'a', routes: [{ receiver: 'zzz' }] } }, 'spec.route'],
])('%s at fault runs on in its last good version', (_what, spec, path) => {
  const result = compile(spec, { lastGood });
  expect(result.faults.length).toBeGreaterThan(0);
  expect(result.lastGood).toEqual([path]);
  expect(result.fragment).toEqual(lastGood);
  const alone = compile(spec);
  expect(alone.lastGood).toEqual([]);
  expect(alone.leftOut.length).toBeGreaterThan(0);
});

test('good parts go live beside a last good one', () => {
  const spec = { ...good, receivers: [hook('a', 'new'), { name: 'b', slack: slackOf('gone') }] };
  const { fragment } = compile(spec, { lastGood });
  expect(fragment.receivers.a).toMatchObject({ webhook_configs: [{ url: 'https://hooks.example/new' }] });
  expect(fragment.receivers.b).toEqual(lastGood.receivers.b);
});

test('the last good tree brings along the receivers that the object has dropped meanwhile', () => {
  const spec = { ...good, receivers: [hook('a')], route: { receiver: 'a', routes: [{ receiver: 'b' }] } };
  const { fragment, lastGood: used } = compile(spec, { lastGood });
  expect(used).toEqual(['spec.route']);
  expect(Object.keys(fragment.receivers)).toEqual(['a', 'b']);
  expect(fragment.route).toEqual(lastGood.route);
});

test('a last good receiver that the version does not know is not used', () => {
  const mattermost = { webhookURL: { secretKeyRef: { name: 's', key: 'url' } } };
  const spec: AlertRouteSpec = {
    receivers: [hook('a'), { name: 'm', mattermost }],
    route: { receiver: 'a' },
  };
  const { fragment } = compile(spec);
  const older = compile(spec, { lastGood: fragment, version: 'v0.28.0' });
  expect(older.leftOut).toEqual(['spec.receivers[m]']);
  expect(Object.keys(older.fragment.receivers)).toEqual(['a']);
});

test('alerts of a route whose receiver is left out go to the parent', () => {
  const spec = { ...good, receivers: [hook('a'), { name: 'b', slack: slackOf('gone') }] };
  expect(compile(spec).fragment.route?.routes?.[0]).toEqual({
    matchers: ['x="y"'],
    mute_time_intervals: ['n/r/nights'],
  });
});

test('a template name of the object is prefixed in definitions and uses, in blocks too, and nothing else is', () => {
  const spec: AlertRouteSpec = {
    receivers: [
      {
        name: 'a',
        webhook: {
          url: 'https://h.example',
          payload: { text: '{{ template "x" . }}{{- template `y` }}{{ "x" }}' },
        },
      },
    ],
    route: { receiver: 'a' },
    templates: [
      {
        name: 't',
        text: '{{/* {{ define "x" }} */}}{{ define "x" }}{{ block "y" . }}{{ end }}{{ "define" }}{{ end }}',
      },
    ],
  };
  const { fragment, faults } = compile(spec);
  expect(faults).toEqual([]);
  expect(fragment.templates.t).toBe(
    '{{/* {{ define "x" }} */}}{{ define "n/r/x" }}{{ block "n/r/y" . }}{{ end }}{{ "define" }}{{ end }}',
  );
  expect(JSON.stringify(fragment.receivers.a)).toContain(
    '{{ template \\"n/r/x\\" . }}{{- template `n/r/y` }}{{ \\"x\\" }}',
  );
});

test('an object that renders to too much keeps its last good version as a whole', () => {
  const receivers = Array.from({ length: 64 }, (_, index) => ({
    name: `r${index}`,
    webhook: { url: 'https://h.example', payload: 'x'.repeat(16_000) },
  }));
  const result = compile({ receivers, route: { receiver: 'r0' } }, { lastGood });
  expect(result.faults.map(({ code }) => code)).toEqual(['LimitExceeded']);
  expect(result.fragment).toEqual(lastGood);
});

test('names that JavaScript objects have by themselves are names like others', () => {
  const spec: AlertRouteSpec = {
    receivers: [hook('constructor'), hook('toString')],
    route: { receiver: 'constructor', routes: [{ receiver: 'valueOf' }, { receiver: 'toString' }] },
  };
  const { faults, fragment } = compile(spec);
  expect(faults.map(({ path }) => path)).toEqual(['spec.route.routes[0].receiver']);
  expect(fragment.route).toMatchObject({
    receiver: 'n/r/constructor',
    routes: [{ receiver: 'n/r/toString' }],
  });
});

test('an object nested beyond all use is refused as a whole', () => {
  let payload: unknown = 'x';
  for (let depth = 0; depth < 50_000; depth++) payload = [payload];
  const receivers = [{ name: 'a', webhook: { url: 'https://h.example', payload } }];
  const result = compile({ receivers, route: { receiver: 'a' } }, { lastGood });
  expect(result.faults.map(({ code }) => code)).toEqual(['LimitExceeded']);
  expect(result.fragment).toEqual(lastGood);
});

test('half a surrogate pair becomes the replacement character', () => {
  const spec: AlertRouteSpec = { receivers: [hook('a\ud800', 'a')], route: { receiver: 'a\ud800' } };
  const { fragment, faults } = compile(spec);
  expect(faults).toEqual([]);
  expect(fragment.route?.receiver).toBe('n/r/a\ufffd');
});
