import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AlertRoute, AlertRouteSpec } from '../../src/crds/alert-route.ts';
import { alertmanagerConfigPath } from '../../src/render/alertmanager/assemble.ts';
import { strictPolicy } from '../../src/render/alertmanager/checks/address.ts';
import { renderAlertmanagerConfig } from '../../src/render/alertmanager/config.ts';
import { AlertmanagerProcess } from './alertmanager-process.ts';

/** Path -> names of the alerts that were notified there. */
const received = new Map<string, Set<string>>();
/** Path -> what the template in its payload said. */
const texts = new Map<string, Set<string>>();
/** Paths to which a sender was redirected. */
const redirected = new Set<string>();
let sink: Server;
let url: string;

beforeAll(async () => {
  sink = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      if (request.url?.startsWith('/redirects-to') === true) {
        const location = request.url.replace('/redirects-to', '');
        redirected.add(location);
        response.writeHead(307, { location }).end();
        return;
      }
      const { alerts = [], text } = JSON.parse(body) as {
        alerts?: { labels: { alertname: string } }[];
        text?: string;
      };
      const path = request.url ?? '';
      const names = received.get(path) ?? new Set();
      for (const { labels } of alerts) names.add(labels.alertname);
      received.set(path, names);
      if (text !== undefined) texts.set(path, (texts.get(path) ?? new Set()).add(text));
      response.end();
    });
  });
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(sink.address() as { port: number }).port}`;
});

afterAll(() => {
  sink.closeAllConnections();
  sink.close();
});

function route(namespace: string, name: string, spec: AlertRouteSpec) {
  const object: AlertRoute = {
    apiVersion: 'promfleet.dev/v1alpha1',
    kind: 'AlertRoute',
    metadata: { namespace, name, uid: `${namespace}-${name}` },
    spec,
  };
  return { route: object, platform: namespace === 'monitoring' };
}

const fast = { groupWait: '0s', groupInterval: '1s', groupBy: ['...'] };

test('alerts reach the receivers of their own namespace and the platform stream, and nobody else', async () => {
  const hook = (name: string, path = name) => ({ name, webhook: { url: `${url}/${path}` } });
  const said = (path: string) => ({
    name: path,
    webhook: { url: `${url}/${path}`, payload: { text: '{{ template "who" . }}' } },
  });
  const { files, routes } = renderAlertmanagerConfig({
    version: 'v0.33.1',
    policy: { ...strictPolicy, allowLoopback: true },
    base: {
      text: JSON.stringify({
        route: { receiver: 'all', group_by: ['...'], group_wait: '0s' },
        receivers: [{ name: 'all', webhook_configs: [{ url: `${url}/base` }] }],
      }),
      templates: {},
    },
    routes: [
      route('monitoring', 'platform', {
        receivers: [hook('p', 'platform')],
        route: { receiver: 'p', ...fast },
      }),
      route('shop', 'a', {
        receivers: [hook('x', 'shop-a'), hook('pager', 'shop-pager'), said('shop-text')],
        route: {
          receiver: 'x',
          ...fast,
          routes: [
            { matchers: ['severity="page"'], receiver: 'pager', continue: true },
            { matchers: ['alertname="Text"'], receiver: 'shop-text' },
          ],
        },
        inhibitRules: [{ sourceMatchers: ['alertname="Source"'], targetMatchers: ['alertname="Target"'] }],
        templates: [{ name: 't', text: '{{ define "who" }}shop{{ end }}' }],
      }),
      route('shop', 'b', { receivers: [hook('x', 'shop-b')], route: { receiver: 'x', ...fast } }),
      route('payments', 'a', {
        receivers: [hook('x', 'payments'), said('payments-text')],
        route: {
          receiver: 'x',
          ...fast,
          routes: [{ matchers: ['alertname="Text"'], receiver: 'payments-text' }],
        },
        templates: [{ name: 't', text: '{{ define "who" }}payments{{ end }}' }],
      }),
      route('broken', 'a', {
        receivers: [{ name: 'x', webhook: { url: 'nowhere' } }],
        route: { receiver: 'x' },
      }),
    ],
    secrets: () => undefined,
    previous: new Map(),
  });
  expect([...routes].filter(([, { faults }]) => faults.length > 0).map(([key]) => key)).toEqual(['broken/a']);
  const config = files.find(({ path }) => path === alertmanagerConfigPath)!.content;
  const others = Object.fromEntries(files.map(({ path, content }) => [path, content]));
  await using server = await AlertmanagerProcess.start({ config, files: others });
  const alert = (alertname: string, namespace: string, labels: object = {}) => ({
    labels: { alertname, ...(namespace === '' ? {} : { promfleet_namespace: namespace }), ...labels },
    annotations: {},
  });
  const send = (alerts: object[]) =>
    fetch(`${server.url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(alerts),
    });
  // Inhibitors first, so that their targets never get through.
  await send([alert('Source', 'shop')]);
  await sleep(500);
  await send([
    alert('Shop', 'shop', { severity: 'page' }),
    alert('Payments', 'payments', { severity: 'page' }),
    alert('Broken', 'broken'),
    alert('Nobody', ''),
    alert('Target', 'shop'),
    alert('Target', 'payments'),
    alert('Text', 'shop'),
    alert('Text', 'payments'),
  ]);
  const complete = () =>
    (received.get('/base')?.size ?? 0) >= 7 && (received.get('/payments')?.size ?? 0) >= 2 && texts.size >= 2;
  for (let attempt = 0; attempt < 100 && !complete(); attempt++) await sleep(100);
  await sleep(1_500);
  const names = (path: string) => [...(received.get(path) ?? [])].sort();
  expect(names('/shop-a')).toEqual(['Source']);
  expect(names('/shop-pager')).toEqual(['Shop']);
  expect(names('/shop-b')).toEqual(['Shop', 'Source', 'Text']);
  expect(names('/payments')).toEqual(['Payments', 'Target']);
  expect(names('/platform')).toEqual(['Broken', 'Nobody', 'Payments', 'Shop', 'Source', 'Target', 'Text']);
  expect(names('/base')).toEqual(['Broken', 'Nobody', 'Payments', 'Shop', 'Source', 'Target', 'Text']);
  expect([...texts].map(([path, said]) => [path, [...said]]).sort()).toEqual([
    ['/payments-text', ['payments']],
    ['/shop-text', ['shop']],
  ]);
});

test.each([false, true])(
  'receivers of a team follow redirects: %j; those of the platform always do',
  async (followRedirects) => {
    received.clear();
    redirected.clear();
    const { files, routes } = renderAlertmanagerConfig({
      version: 'v0.33.1',
      policy: { ...strictPolicy, allowLoopback: true, followRedirects },
      base: {
        text: JSON.stringify({
          route: { receiver: 'all', group_by: ['...'], group_wait: '0s' },
          receivers: [
            {
              name: 'all',
              webhook_configs: [
                { url: `${url}/redirects-to/platform` },
                { url: `${url}/redirects-to/platform-own`, http_config: { enable_http2: false } },
              ],
            },
          ],
        }),
        templates: {},
      },
      routes: [
        route('shop', 'a', {
          receivers: [
            { name: 'plain', webhook: { url: `${url}/redirects-to/inside` } },
            {
              name: 'own',
              webhook: { url: `${url}/redirects-to/inside-own`, httpConfig: { enableHTTP2: false } },
            },
          ],
          route: {
            receiver: 'plain',
            ...fast,
            routes: [{ receiver: 'own', continue: true }, { receiver: 'plain' }],
          },
        }),
      ],
      secrets: () => undefined,
      previous: new Map(),
    });
    expect(routes.get('shop/a')!.faults).toEqual([]);
    await using server = await AlertmanagerProcess.start({
      config: files.find(({ path }) => path === alertmanagerConfigPath)!.content,
    });
    await fetch(`${server.url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ labels: { alertname: 'A', promfleet_namespace: 'shop' } }]),
    });
    const platform = ['/platform', '/platform-own'];
    const team = ['/inside', '/inside-own'];
    const expected = followRedirects ? [...team, ...platform] : platform;
    const complete = () => redirected.size === 4 && expected.every((path) => received.has(path));
    for (let attempt = 0; attempt < 100 && !complete(); attempt++) await sleep(100);
    await sleep(1_000);
    expect([...redirected].sort()).toEqual([...team, ...platform].sort());
    expect([...received.keys()].sort()).toEqual([...expected].sort());
  },
);
