import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import type { AlertRoute, Receiver } from '../../crds/alert-route.ts';
import type { BundleFile } from '../bundle/slot.ts';
import { strictPolicy } from './checks/address.ts';
import { renderAlertmanagerConfig } from './config.ts';

const platformBase = {
  global: {
    http_config: {
      authorization: { credentials: 'platform-token' },
      tls_config: { cert_file: '/etc/c.pem', key_file: '/etc/k.pem', ca_file: '/etc/ca.pem' },
      enable_http2: false,
    },
    opsgenie_api_key: 'platform-opsgenie',
    victorops_api_key: 'platform-victorops',
    wechat_api_secret: 'platform-wechat',
    wechat_api_corp_id: 'corp',
    telegram_bot_token: 'platform-telegram',
    slack_api_url: 'https://slack.example/platform',
    smtp_smarthost: 'mail.example:25',
    smtp_from: 'a@mail.example',
    smtp_auth_username: 'platform',
    smtp_auth_password: 'platform-mail',
    rocketchat_token: 'platform-rocket',
    rocketchat_token_id: 'platform-rocket-id',
    mattermost_webhook_url: 'https://mattermost.example/platform',
  },
  route: { receiver: 'all' },
  receivers: [
    {
      name: 'all',
      webhook_configs: [
        { url: 'https://platform.example/' },
        { url: 'https://platform.example/own', http_config: { enable_http2: true } },
      ],
    },
  ],
};

function render(
  receivers: readonly Omit<Receiver, 'name'>[],
  base?: object,
  followRedirects?: boolean,
  previous: readonly BundleFile[] = [],
) {
  const named = receivers.map((receiver, index) => ({ ...receiver, name: `r${index}` }));
  const route: AlertRoute = {
    apiVersion: 'promfleet.dev/v1alpha1',
    kind: 'AlertRoute',
    metadata: { name: 'r', namespace: 'n', uid: 'u' },
    spec: { receivers: named, route: { receiver: 'r0' } },
  };
  const { files, routes, baseFaults } = renderAlertmanagerConfig({
    version: 'v0.33.1',
    policy: { ...strictPolicy, ...(followRedirects === undefined ? {} : { followRedirects }) },
    ...(base === undefined ? {} : { base: { text: JSON.stringify(base), templates: {} } }),
    routes: [{ route, platform: false }],
    secrets: () => 'team-secret',
    previous: new Map(previous.map((file) => [file.path, file])),
  });
  expect(baseFaults).toEqual([]);
  const config = load(files.find(({ path }) => path === 'alertmanager.yaml')!.content) as {
    global: { http_config: object };
    receivers: { name: string; webhook_configs?: { http_config?: object }[] }[];
  };
  const hooks = (name: string) =>
    config.receivers.find((each) => each.name === name)?.webhook_configs?.map((each) => each.http_config);
  const { faults } = routes.get('n/r')!;
  return { files, config, hooks, faults: faults.map(({ path, code }) => [path, code]), all: faults };
}

const hook = (httpConfig?: object): Omit<Receiver, 'name'> => ({
  webhook: { url: 'https://team.example/', ...(httpConfig === undefined ? {} : { httpConfig }) },
});
const secret = { secretKeyRef: { name: 's', key: 'k' } };

test('receivers of AlertRoutes follow no redirect, and those of the platform do as they say', () => {
  const { hooks, config, faults } = render([hook(), hook({ enableHTTP2: false })], {
    ...platformBase,
    global: {},
  });
  expect(faults).toEqual([]);
  expect(config.global.http_config).toEqual({ follow_redirects: false, proxy_from_environment: true });
  expect(hooks('n/r/r0')).toEqual([undefined]);
  expect(hooks('n/r/r1')).toEqual([
    { enable_http2: false, follow_redirects: false, proxy_from_environment: true },
  ]);
  expect(hooks('all')).toEqual([
    { proxy_from_environment: true },
    { enable_http2: true, proxy_from_environment: true },
  ]);
});

test('a stack may let them', () => {
  const { hooks, config, faults } = render([hook(), hook({ followRedirects: true })], undefined, true);
  expect(faults).toEqual([]);
  expect(config.global.http_config).toEqual({ proxy_from_environment: true });
  expect(hooks('n/r/r1')).toEqual([{ follow_redirects: true, proxy_from_environment: true }]);
});

test('one that asks for redirects is at fault, typed and passed through, and its neighbour is not', () => {
  const { faults, hooks } = render([
    hook({ followRedirects: true }),
    {
      passThrough: [
        { type: 'webhook', config: { url: 'https://a.example/', http_config: { follow_redirects: true } } },
      ],
    },
    hook({ followRedirects: false }),
    { sns: { topicARN: 'arn:aws:sns:a:1:b', useAWSHTTPClient: true } },
  ]);
  expect(faults).toEqual([
    ['spec.receivers[r0].webhook.httpConfig.followRedirects', 'RedirectRefused'],
    ['spec.receivers[r1].passThrough[0].config.http_config.follow_redirects', 'RedirectRefused'],
    ['spec.receivers[r3].sns.useAWSHTTPClient', 'RedirectRefused'],
  ]);
  expect(hooks('n/r/r2')).toEqual([{ follow_redirects: false, proxy_from_environment: true }]);
});

test("a team's address gets no credential of the platform's http_config, and the platform's own gets all", () => {
  const { hooks, config, faults } = render([hook(), { pagerduty: { routingKey: secret } }], platformBase);
  expect(faults).toEqual([]);
  expect(hooks('n/r/r0')).toEqual([
    {
      tls_config: { ca_file: '/etc/ca.pem' },
      enable_http2: false,
      follow_redirects: false,
      proxy_from_environment: true,
    },
  ]);
  const paging = config.receivers.find(({ name }) => name === 'n/r/r1');
  expect(paging).toEqual({ name: 'n/r/r1', pagerduty_configs: [{ routing_key: 'team-secret' }] });
  expect(hooks('all')?.[0]).toMatchObject(platformBase.global.http_config);
});

const proxy = { httpConfig: { proxyURL: 'http://team.example:3128' } };

test.each<[string, Omit<Receiver, 'name'>]>([
  ['opsgenie to an address', { opsgenie: { apiURL: 'https://team.example/' } }],
  ['opsgenie by a proxy', { opsgenie: proxy }],
  ['victorops', { victorops: { routingKey: 'k', apiURL: 'https://team.example/' } }],
  ['wechat', { wechat: { apiURL: 'https://team.example/' } }],
  ['telegram', { telegram: { chatID: 1, apiURL: 'https://team.example/' } }],
  ['slack by a proxy', { slack: { channel: '#a', ...proxy } }],
  ['mattermost by a proxy', { mattermost: { text: 'a', ...proxy } }],
  ['rocketchat', { rocketchat: { apiURL: 'https://team.example/' } }],
  ['rocketchat, one of two', { rocketchat: { apiURL: 'https://team.example/', token: secret } }],
  ['email', { email: { to: 'a@b', smarthost: 'team.example:25' } }],
  [
    'opsgenie passed through',
    { passThrough: [{ type: 'opsgenie', config: { api_url: 'https://team.example/' } }] },
  ],
])("%s of its own is not sent the platform's credential", (_what, receiver) => {
  const { all, faults } = render([hook(), receiver], platformBase);
  expect(faults).toEqual([[expect.stringMatching(/^spec\.receivers\[r1\]\./), 'PlatformCredential']]);
  expect(JSON.stringify(all)).not.toMatch(/platform-|slack\.example|mattermost\.example/);
});

test.each<[string, Omit<Receiver, 'name'>]>([
  ['opsgenie, where the platform says', { opsgenie: {} }],
  ['opsgenie with a key of its own', { opsgenie: { apiURL: 'https://team.example/', apiKey: secret } }],
  ['email, where the platform says', { email: { to: 'a@b' } }],
  [
    'email with a password of its own',
    { email: { to: 'a@b', smarthost: 'team.example:25', authPassword: secret, authUsername: 'u' } },
  ],
  ['slack', { slack: { channel: '#a' } }],
  [
    'email that names the mail server of the platform',
    { email: { to: 'a@b', smarthost: 'mail.example:25' } },
  ],
  ['opsgenie that names where it goes anyway', { opsgenie: { apiURL: 'https://api.opsgenie.com' } }],
])('%s: no fault', (_what, receiver) => {
  expect(render([hook(), receiver], platformBase).faults).toEqual([]);
});

test.each<['webhook', object]>([
  ['webhook', { proxy_url: 'http://127.0.0.1:1' }],
  ['webhook', { proxy_url: 'http://169.254.169.254/' }],
  ['webhook', { oauth2: { client_id: 'a', token_url: 'https://a.example', proxy_url: 'http://[::1]:1' } }],
  ['webhook', { oauth2: { client_id: 'a', token_url: 'http://169.254.169.254/' } }],
])('a proxy or a token address of a %s that is refused: %j', (type, http_config) => {
  const { faults } = render([
    hook(),
    { passThrough: [{ type, config: { url: 'https://a.example/', http_config } }] },
  ]);
  expect(faults.map(([, code]) => code)).toEqual(['AddressRefused']);
});

test('what was rendered while redirects were allowed follows none when they no longer are', () => {
  const allowed = { followRedirects: true };
  const receivers = [
    hook(allowed),
    { sns: { topicARN: 'arn:aws:sns:a:1:b', useAWSHTTPClient: true, httpConfig: allowed } },
  ];
  const before = render(receivers, undefined, true);
  expect(before.faults).toEqual([]);
  const after = render(receivers, undefined, false, before.files);
  expect(after.faults.map(([, code]) => code)).toEqual(Array(3).fill('RedirectRefused'));
  expect(after.config.receivers.filter(({ name }) => name.startsWith('n/r/'))).toEqual([
    {
      name: 'n/r/r0',
      webhook_configs: [
        {
          url: 'https://team.example/',
          http_config: { follow_redirects: false, proxy_from_environment: true },
        },
      ],
    },
    {
      name: 'n/r/r1',
      sns_configs: [
        {
          topic_arn: 'arn:aws:sns:a:1:b',
          http_config: { follow_redirects: false, proxy_from_environment: true },
        },
      ],
    },
  ]);
});
