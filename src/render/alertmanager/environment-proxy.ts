/**
 * Receivers use the proxy of the server's environment (HTTP_PROXY and its like, set by the pod template) unless they name
 * one: Alertmanager itself asks for that in every http_config. Without such variables nothing changes.
 */
import type { RenderedReceiver } from './fragment.ts';

type Section = Readonly<Record<string, unknown>>;

const useEnvironment = { proxy_from_environment: true } as const;

/** The global section with the default for receivers that have no http_config of their own. */
export function globalWithProxy(global: Section): Section {
  return { ...global, http_config: withProxy(isSection(global.http_config) ? global.http_config : {}) };
}

/** The receiver with the same in each http_config of its own, which replaces the global one as a whole. */
export function receiverWithProxy(receiver: RenderedReceiver): RenderedReceiver {
  const entries = Object.entries(receiver).map(([key, value]) => {
    if (!key.endsWith('_configs') || !Array.isArray(value)) return [key, value];
    return [key, value.map((config: unknown) => (isSection(config) ? configWithProxy(config) : config))];
  });
  return Object.fromEntries(entries) as RenderedReceiver;
}

function configWithProxy(config: Section): Section {
  return isSection(config.http_config) ? { ...config, http_config: withProxy(config.http_config) } : config;
}

function withProxy(http: Section): Section {
  return 'proxy_url' in http || 'proxy_from_environment' in http ? http : { ...http, ...useEnvironment };
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
