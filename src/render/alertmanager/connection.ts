/**
 * How receivers connect, where they do not say it all themselves.
 *
 * All of them use the proxy of the server's environment (HTTP_PROXY and its like, set by the pod template) unless they
 * name one: Alertmanager itself asks for that in every http_config. Without such variables nothing changes.
 *
 * Receivers of AlertRoutes follow no redirect unless the stack lets them, for a redirect leads to where no address of
 * theirs may point; and to an address of their own they carry no credential of the platform's http_config.
 */
import { withoutCredentials } from './checks/platform-credentials.ts';
import type { RenderedReceiver } from './fragment.ts';
import type { Schema } from './receivers/schema.ts';
import { receiverTypes } from './receivers/table.ts';

type Section = Readonly<Record<string, unknown>>;

/** What the platform's configuration and the stack say of connections. */
export interface Connections {
  /** `http_config` of the platform's `global`. */
  readonly platform: Section;
  readonly teamsFollowRedirects: boolean;
  /** The same for receivers of AlertRoutes that go to an address of their own; absent: nothing to leave out. */
  readonly ownAddress?: Section;
  /** Equal for equal values. */
  readonly key: string;
}

export function connectionsOf(global: Section, teamsFollowRedirects: boolean): Connections {
  const platform = isSection(global.http_config) ? global.http_config : {};
  const ownAddress = withoutCredentials(platform);
  return {
    platform,
    teamsFollowRedirects,
    ...(ownAddress === undefined ? {} : { ownAddress }),
    key: JSON.stringify([teamsFollowRedirects, ownAddress]),
  };
}

const useEnvironment = { proxy_from_environment: true } as const;
const stayHere = { follow_redirects: false } as const;

/** The global section, whose http_config is that of every team's receiver without one of its own. */
export function globalSection(global: Section, connections: Connections): Section {
  return { ...global, http_config: teamHttp(connections.platform, connections) };
}

/** A receiver of the platform's configuration. */
export function platformReceiver(receiver: RenderedReceiver, connections: Connections): RenderedReceiver {
  return eachConfig(receiver, (config, configKey) => {
    if (isSection(config.http_config)) return { ...config, http_config: withProxy(config.http_config) };
    // The global one is the teams', which follows no redirect.
    const asGlobal = connections.teamsFollowRedirects || !speaksHttp(configKey);
    return asGlobal ? config : { ...config, http_config: withProxy(connections.platform) };
  });
}

/** A receiver of an AlertRoute: an http_config of its own replaces the global one as a whole. */
export function teamReceiver(receiver: RenderedReceiver, connections: Connections): RenderedReceiver {
  return eachConfig(receiver, (written, configKey) => {
    const config = connections.teamsFollowRedirects ? written : withoutRedirectingClient(written);
    if (isSection(config.http_config))
      return { ...config, http_config: teamHttp(config.http_config, connections) };
    const { ownAddress } = connections;
    if (ownAddress === undefined || !hasOwnAddress(config, configKey)) return config;
    return { ...config, http_config: teamHttp(ownAddress, connections) };
  });
}

/** Of SNS, in a version that was rendered when the stack still allowed it. */
function withoutRedirectingClient({ use_aws_http_client: _, ...rest }: Section): Section {
  return rest;
}

function teamHttp(http: Section, { teamsFollowRedirects }: Connections): Section {
  return withProxy(teamsFollowRedirects ? http : { ...http, ...stayHere });
}

function withProxy(http: Section): Section {
  return 'proxy_url' in http || 'proxy_from_environment' in http ? http : { ...http, ...useEnvironment };
}

function eachConfig(
  receiver: RenderedReceiver,
  change: (config: Section, configKey: string) => Section,
): RenderedReceiver {
  const entries = Object.entries(receiver).map(([key, value]) => {
    if (!key.endsWith('_configs') || !Array.isArray(value)) return [key, value];
    return [key, value.map((config: unknown) => (isSection(config) ? change(config, key) : config))];
  });
  return Object.fromEntries(entries) as RenderedReceiver;
}

const schemas: ReadonlyMap<string, Schema> = new Map(
  Object.values(receiverTypes).map(({ configKey, schema }) => [configKey, schema]),
);
const addressTypes: ReadonlySet<string> = new Set(['url', 'secretUrl', 'templateUrl', 'endpoint']);

function speaksHttp(configKey: string): boolean {
  return schemas.get(configKey)?.fields.http_config !== undefined;
}

function hasOwnAddress(config: Section, configKey: string): boolean {
  const fields = schemas.get(configKey)?.fields ?? {};
  return (
    speaksHttp(configKey) && Object.keys(config).some((name) => addressTypes.has(fields[name]?.type ?? ''))
  );
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
