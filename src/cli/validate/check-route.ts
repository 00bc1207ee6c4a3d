import type { AlertRoute } from '../../crds/alert-route.ts';
import { compileAlertRoute } from '../../render/alertmanager/compile.ts';
import { parsePath } from './parse-path.ts';
import { forEachVersion, type SemanticFault, type Versions } from './semantic-fault.ts';

/** Settings of the platform that a manifest alone does not show; they count as made. */
const assumedGlobal = Object.fromEntries(
  [
    'smtp_smarthost:mail.invalid:25',
    'smtp_from:alerts@mail.invalid',
    'slack_api_url:https://platform.invalid/',
    'slack_app_url:https://platform.invalid/',
    'slack_app_token:x',
    'opsgenie_api_key:x',
    'victorops_api_key:x',
    'wechat_api_secret:x',
    'wechat_api_corp_id:x',
    'jira_api_url:https://platform.invalid/',
    'rocketchat_token:x',
    'rocketchat_token_id:x',
    'mattermost_webhook_url:https://platform.invalid/',
    'telegram_bot_token:x',
    'webex_api_url:https://platform.invalid/',
  ].map((setting) => {
    const split = setting.indexOf(':');
    return [setting.slice(0, split), setting.slice(split + 1)];
  }),
);

/** What the platform may allow: its operator and its stacks are to say. */
const forThePlatform: ReadonlySet<string> = new Set([
  'AddressRefused',
  'PlatformCredential',
  'RedirectRefused',
]);

/**
 * The route without certificates and keys of Secrets: their text would be parsed, and is not known here. Everything
 * else keeps its place.
 */
function withoutCertificates(route: AlertRoute): AlertRoute {
  const strip = (value: unknown, parent: string): unknown => {
    if (Array.isArray(value)) {
      const items: readonly unknown[] = value;
      const kept =
        parent === 'secretFields'
          ? items.filter((field) => !/\btls_config\b/.test((field as { path: string }).path))
          : items;
      return kept.map((item) => strip(item, parent));
    }
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter(
      ([name, field]) => !(parent === 'tlsConfig' && isSecretValue(field) && /^(ca|cert|key)$/.test(name)),
    );
    return Object.fromEntries(entries.map(([name, field]) => [name, strip(field, name)]));
  };
  return { ...route, spec: { ...route.spec, receivers: strip(route.spec.receivers, '') as never } };
}

const isSecretValue = (value: unknown) =>
  typeof value === 'object' && value !== null && 'secretKeyRef' in value;

export function checkRoute(route: AlertRoute, versions: Versions): SemanticFault[] {
  const { namespace = '', name } = route.metadata;
  const scope = versions.platformRoutes.has(`${namespace}/${name}`) ? 'platform' : 'namespace';
  const found = forEachVersion(versions.alertmanager, 'Alertmanager', ({ version, featureFlags }) =>
    compileAlertRoute(withoutCertificates(route), {
      version: version.replace(/^v/, ''),
      featureFlags,
      global: assumedGlobal,
      policy: { allowedHosts: [], refusedHosts: [] },
      // Values of Secrets are not known here; any address or text is taken as good.
      secrets: () => 'https://secret.invalid/',
      scope,
    }).faults.map((fault) => ({ ...fault, path: parsePath(fault.path), pathText: fault.path })),
  );
  return found.map((fault) => ({
    ...fault,
    severity: forThePlatform.has(fault.code) ? 'warning' : 'error',
  }));
}
