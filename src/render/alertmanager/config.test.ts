import { expect, test } from 'vitest';
import type { AlertRoute, AlertRouteSpec } from '../../crds/alert-route.ts';
import type { BundleFile } from '../bundle/slot.ts';
import { strictPolicy } from './checks/address.ts';
import {
  type AlertmanagerConfigInput,
  alertmanagerVersionFault,
  renderAlertmanagerConfig,
} from './config.ts';

const spec: AlertRouteSpec = {
  receivers: [{ name: 'a', slack: { apiURL: { secretKeyRef: { name: 's', key: 'url' } } } }],
  route: { receiver: 'a' },
};

const routeOf = (own: AlertRouteSpec, uid = 'u', name = 'r'): AlertRoute => ({
  apiVersion: 'promfleet.dev/v1alpha1',
  kind: 'AlertRoute',
  metadata: { name, namespace: 'n', uid },
  spec: own,
});

function render(more: Partial<AlertmanagerConfigInput> = {}) {
  return renderAlertmanagerConfig({
    version: 'v0.33.1',
    policy: strictPolicy,
    routes: [{ route: routeOf(spec), platform: false }],
    secrets: () => 'https://hooks.slack.example/1',
    previous: new Map(),
    ...more,
  });
}

const yamlOf = (files: readonly BundleFile[]) =>
  files.find(({ path }) => path === 'alertmanager.yaml')!.content;
const bundleOf = (files: readonly BundleFile[]) => new Map(files.map((file) => [file.path, file]));

test('an unchanged object is compiled once, and again when one of its secrets changes', () => {
  const first = render();
  expect(render().routes.get('n/r')).toBe(first.routes.get('n/r'));
  const rotated = render({ secrets: () => 'https://hooks.slack.example/2' });
  expect(yamlOf(rotated.files)).toContain('https://hooks.slack.example/2');
  expect(yamlOf(render({ version: 'v0.28.0' }).files)).toContain('https://hooks.slack.example/1');
});

test('the last good version comes out of the bundle, for the same object only', () => {
  const previous = bundleOf(render().files);
  const broken = render({ previous, secrets: () => undefined });
  expect(yamlOf(broken.files)).toContain('https://hooks.slack.example/1');
  expect(broken.routes.get('n/r')).toMatchObject({ lastGood: ['spec.receivers[a]'] });
  const again = render({ previous: bundleOf(broken.files), secrets: () => undefined });
  expect(again.files).toEqual(broken.files);
  const namesake = render({
    previous,
    secrets: () => undefined,
    routes: [{ route: routeOf({ ...spec }, 'u2'), platform: false }],
  });
  expect(yamlOf(namesake.files)).not.toContain('slack.example');
});

test('a suspended object stays as the bundle has it', () => {
  const previous = bundleOf(render().files);
  const changed = { ...spec, suspend: true, receivers: [{ name: 'a' }] };
  const { files } = render({ previous, routes: [{ route: routeOf(changed), platform: false }] });
  expect(yamlOf(files)).toBe(yamlOf([...previous.values()]));
});

test('a damaged fragment in the bundle is as good as none', () => {
  const previous = new Map([
    ['routes/n/r.json', { path: 'routes/n/r.json', content: '{', meta: { uid: 'u' } }],
  ]);
  expect(yamlOf(render({ previous, secrets: () => undefined }).files)).not.toContain('slack');
});

test('a broken platform configuration is replaced by the last good one, and says so', () => {
  const base = (receiver: string) => ({
    text: `route: {receiver: ${receiver}}\nreceivers: [{name: all, webhook_configs: [{url: https://h.example/all}]}]\n`,
    templates: {},
  });
  const good = render({ base: base('all') });
  expect(good.baseFaults).toEqual([]);
  const previous = bundleOf(good.files);
  for (const broken of [base('gone'), { text: 'a: [', templates: {} }, { templates: {} }]) {
    const { files, baseFaults } = render({ base: broken, previous });
    expect(baseFaults).not.toEqual([]);
    expect(yamlOf(files)).toBe(yamlOf(good.files));
    expect(yamlOf(render({ base: broken }).files)).toContain("receiver: 'promfleet/none'");
  }
});

test('a stack is full at some point: what has no room is named, the rest is live', () => {
  const payload = 'x'.repeat(100_000);
  const routes = Array.from({ length: 30 }, (_, index) => ({
    route: routeOf(
      {
        receivers: [{ name: 'a', webhook: { url: 'https://h.example', payload } }],
        route: { receiver: 'a' },
      },
      'u',
      `r${index}`,
    ),
    platform: false,
  }));
  const { routes: results, files } = render({ routes });
  const refused = [...results.values()].filter(({ faults }) =>
    faults.some(({ code }) => code === 'LimitExceeded'),
  );
  expect(refused.length).toBeGreaterThan(5);
  expect(refused.length).toBeLessThan(25);
  expect(yamlOf(files).length).toBeLessThan(2 * 1024 * 1024);
});

test.each([
  ['v0.33.1', undefined],
  ['v0.27.0', undefined],
  ['v0.26.0', 'oldest'],
  ['latest', 'no version'],
])('version %s', (version, fault) => {
  const found = alertmanagerVersionFault(version);
  if (fault === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(fault);
});
