/**
 * A receiver that leaves a credential out uses the platform's (`global`). It then must go where the platform says: an
 * address or a proxy of its own would hand the platform's credential to whoever wrote the receiver.
 */
import type { Resolved } from '../receivers/schema.ts';
import { isSet, nested } from '../receivers/schema.ts';

interface Inherited {
  /** Field of the receiver, and of `global` where the receiver does not set it. */
  readonly credential: string;
  readonly global: string;
  /** With one of these set the receiver does not use that of `global`. */
  readonly insteadOf?: readonly string[];
  /** Where the receiver sends the credential, if it says so itself. */
  readonly address?: Address;
}

interface Address {
  readonly field: string;
  /** Field of `global` for it, and what counts without that: these may be named, for it is where the platform sends it too. */
  readonly global: string;
  readonly fallback?: string;
}

const smarthost: Address = { field: 'smarthost', global: 'smtp_smarthost' };
const apiUrl = (global: string, fallback: string): Address => ({ field: 'api_url', global, fallback });
const rocketchat = apiUrl('rocketchat_api_url', 'https://open.rocket.chat/');

/** Alertmanager's config.go, Config.UnmarshalYAML: what receivers take from `global`. By the receiver's list. */
const inheritedBy: Readonly<Record<string, readonly Inherited[]>> = {
  email_configs: [
    { credential: 'auth_password', global: 'smtp_auth_password', address: smarthost },
    { credential: 'auth_secret', global: 'smtp_auth_secret', address: smarthost },
  ],
  mattermost_configs: [{ credential: 'webhook_url', global: 'mattermost_webhook_url' }],
  opsgenie_configs: [
    {
      credential: 'api_key',
      global: 'opsgenie_api_key',
      address: apiUrl('opsgenie_api_url', 'https://api.opsgenie.com/'),
    },
  ],
  rocketchat_configs: [
    { credential: 'token_id', global: 'rocketchat_token_id', address: rocketchat },
    { credential: 'token', global: 'rocketchat_token', address: rocketchat },
  ],
  slack_configs: [
    {
      credential: 'app_token',
      global: 'slack_app_token',
      insteadOf: ['api_url'],
      address: {
        field: 'app_url',
        global: 'slack_app_url',
        fallback: 'https://slack.com/api/chat.postMessage',
      },
    },
    { credential: 'api_url', global: 'slack_api_url', insteadOf: ['app_token'] },
  ],
  telegram_configs: [
    {
      credential: 'bot_token',
      global: 'telegram_bot_token',
      address: apiUrl('telegram_api_url', 'https://api.telegram.org'),
    },
  ],
  victorops_configs: [
    {
      credential: 'api_key',
      global: 'victorops_api_key',
      address: apiUrl(
        'victorops_api_url',
        'https://alert.victorops.com/integrations/generic/20131114/alert/',
      ),
    },
  ],
  wechat_configs: [
    {
      credential: 'api_secret',
      global: 'wechat_api_secret',
      address: apiUrl('wechat_api_url', 'https://qyapi.weixin.qq.com/cgi-bin/'),
    },
  ],
};

/** What is wrong with one rendered receiver of the list `configKey`, or undefined. */
export function platformCredentialFault(
  configKey: string,
  value: Resolved,
  global: Resolved,
): string | undefined {
  const http = nested(value, 'http_config') ?? {};
  for (const { credential, global: name, insteadOf = [], address } of inheritedBy[configKey] ?? []) {
    const uses = isSet(global, name) && ![credential, ...insteadOf].some((field) => isSet(value, field));
    if (!uses) continue;
    if (address !== undefined && isElsewhere(value, address, global))
      return `${address.field} would be sent the platform's ${name}: set ${credential} too, or leave out ${address.field}`;
    if (isSet(http, 'proxy_url'))
      return `http_config.proxy_url would be sent the platform's ${name}: set ${credential} too, or leave out the proxy`;
  }
  return undefined;
}

function isElsewhere(value: Resolved, { field, global: name, fallback }: Address, global: Resolved): boolean {
  const bare = (address: unknown) => String(address ?? '').replace(/\/+$/, '');
  return isSet(value, field) && bare(value[field]) !== bare(isSet(global, name) ? global[name] : fallback);
}

const credentialFields = [
  'basic_auth',
  'authorization',
  'oauth2',
  'bearer_token',
  'bearer_token_file',
  'http_headers',
];
const clientCertificate = ['cert', 'cert_file', 'key', 'key_file'];

/** An `http_config` with how connections are made, and without who makes them; undefined where it holds no credential. */
export function withoutCredentials(http: Resolved): Resolved | undefined {
  const tls = nested(http, 'tls_config') ?? {};
  const holds =
    credentialFields.some((field) => field in http) || clientCertificate.some((field) => field in tls);
  if (!holds) return undefined;
  const kept = (value: Resolved, left: readonly string[]): Resolved =>
    Object.fromEntries(Object.entries(value).filter(([field]) => !left.includes(field)));
  return {
    ...kept(http, credentialFields),
    ...('tls_config' in http ? { tls_config: kept(tls, clientCertificate) } : {}),
  };
}
