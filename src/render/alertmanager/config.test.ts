import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import { randomBelow, seededRandom } from '../../base/random.ts';
import type { AlertRoute, AlertRouteSpec } from '../../crds/alert-route.ts';
import { changeTo, emptyPacking, pack } from '../bundle/pack.ts';
import type { BundleFile } from '../bundle/slot.ts';
import { strictPolicy } from './checks/address.ts';
import {
  type AlertmanagerConfigInput,
  alertmanagerVersionFault,
  renderAlertmanagerConfig,
} from './config.ts';
import { dumpAlertmanagerYaml } from './pieces.ts';

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

const manyRoutes = (count: number, payload: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => {
    const { metadata, ...rest } = routeOf(
      {
        receivers: [{ name: 'a', webhook: { url: `https://h.example/${index}`, payload: payload(index) } }],
        route: { receiver: 'a', matchers: [`team="${index}"`] },
      },
      `u${index}`,
      `r${index}`,
    );
    // By name the newest come neither first nor last.
    const creationTimestamp = new Date(1_800_000_000_000 + index * 1000).toISOString();
    const namespace = `n${index % 100}`;
    return { route: { ...rest, metadata: { ...metadata, namespace, creationTimestamp } }, platform: false };
  });
const numbersOf = (results: ReturnType<typeof render>['routes']) =>
  [...results]
    .filter(([, { faults }]) => faults.some(({ code }) => code === 'BundleFull'))
    .map(([key]) => Number(key.split('/r')[1]))
    .sort((a, b) => a - b);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

test.each([
  ['the text of the file', 4000, () => 'x'.repeat(400)],
  ['its packed size', 40, (index: number) => randomText(index, 12_000)],
])('a stack is full by %s: the newest are told so, everything else is live', (_, count, payload) => {
  const routes = manyRoutes(count, payload);
  const { routes: results, files } = render({ routes });
  const refused = numbersOf(results);
  const live = count - refused.length;
  expect(live).toBeGreaterThan(count / 4);
  expect(live).toBeLessThan(count);
  expect(refused).toEqual(range(live, count));
  const urls = [...yamlOf(files).matchAll(/https:\/\/h\.example\/(\d+)/g)].map(([, number]) =>
    Number(number),
  );
  expect(urls.sort((a, b) => a - b)).toEqual(range(0, live));
  const packed = pack(emptyPacking, changeTo(emptyPacking, files), range(0, 64).map(String));
  expect(packed.refused).toEqual([]);
  expect(results.get(`n${(count - 1) % 100}/r${count - 1}`)).toMatchObject({ leftOut: ['spec'] });
});

test('growth in a full stack displaces nobody: what has grown runs on as it was', () => {
  const routes = manyRoutes(40, (index) => randomText(index, 12_000));
  const first = render({ routes });
  const previous = bundleOf(first.files);
  const grown = manyRoutes(1, () => randomText(0, 120_000))[0]!;
  const second = render({ routes: [grown, ...routes.slice(1)], previous });
  expect(second.files).toEqual(first.files);
  expect(numbersOf(second.routes)).toEqual([0, ...numbersOf(first.routes)]);
  expect(second.routes.get('n0/r0')).toMatchObject({ lastGood: ['spec'], leftOut: [] });
  const shrunk = manyRoutes(1, () => 'small')[0]!;
  const third = render({ routes: [shrunk, ...routes.slice(1)], previous: bundleOf(second.files) });
  expect(numbersOf(third.routes)).toEqual(numbersOf(first.routes).slice(1));
});

test('pieces of text together are the text of the whole', () => {
  const routes = manyRoutes(5, (index) => ['yes', '- a: b', 'line\nbreak ', "a'b\u2028", ''][index]!);
  for (const some of [routes, routes.slice(1, 2), []]) {
    const text = yamlOf(render({ routes: some }).files);
    expect(dumpAlertmanagerYaml(load(text))).toBe(text);
  }
});

/** Hardly to be packed. */
function randomText(seed: number, chars: number): string {
  const random = seededRandom(seed);
  return Array.from({ length: chars }, () => String.fromCharCode(97 + randomBelow(random, 26))).join('');
}

test('an object whose check fails is at fault, and the others are rendered', () => {
  const allowedHosts = Object.assign([], {
    includes(host: string) {
      if (host === 'hostile.example') throw new Error('no sense');
      return false;
    },
  });
  const hostile: AlertRouteSpec = {
    receivers: [{ name: 'a', webhook: { url: 'https://hostile.example/' } }],
    route: { receiver: 'a' },
  };
  const { routes, files } = render({
    policy: { ...strictPolicy, allowedHosts },
    routes: [
      { route: routeOf(hostile, 'u1', 'hostile'), platform: false },
      { route: routeOf(spec, 'u2', 'other'), platform: false },
    ],
  });
  expect(routes.get('n/hostile')!.faults).toMatchObject([
    { code: 'CheckFailed', message: 'cannot be checked: Error: no sense' },
  ]);
  expect(routes.get('n/other')!.faults).toEqual([]);
  expect(yamlOf(files)).toContain('n/other');
});

test.each<[string, object]>([
  ['no receivers', {}],
  ['receivers that are no list', { receivers: 'a', route: { receiver: 'a' } }],
  ['an empty receiver', { receivers: [null], route: { receiver: 'a' } }],
  ['a reference that is none', { receivers: [{ name: 'a', slack: { apiURL: { secretKeyRef: null } } }] }],
])('an object older than its schema (%s) is at fault, and the others are rendered', (_what, old) => {
  const { routes, files } = render({
    routes: [
      { route: routeOf(old as AlertRouteSpec, 'u1', 'old'), platform: false },
      { route: routeOf({ ...spec }, 'u2', 'other'), platform: false },
    ],
  });
  expect(routes.get('n/old')!.faults).not.toEqual([]);
  expect(routes.get('n/other')!.faults).toEqual([]);
  expect(yamlOf(files)).toContain('n/other');
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
