/**
 * alertmanager.yaml put together from one piece of text per fragment. Pieces are kept, so that one changed AlertRoute costs
 * the text of that one and not of all: the text is the same as that of the whole configuration dumped at once.
 */
import { dump } from 'js-yaml';
import { namespaceGuard } from './compile.ts';
import { type Connections, teamReceiver } from './connection.ts';
import type { Fragment, RenderedInhibitRule, RenderedReceiver, RenderedRoute } from './fragment.ts';
import { atLeast } from './version.ts';

/** Takes what nobody has declared a receiver for. */
export const nullReceiver = 'promfleet/none';

/** Items of the lists of alertmanager.yaml, each with its indentation and line ends; empty without items. */
export interface Pieces {
  readonly routes: string;
  readonly receivers: string;
  readonly timeIntervals: string;
  readonly inhibitRules: string;
}

interface KeptPieces {
  readonly key: string;
  readonly pieces: Pieces;
}

/** Fragments are never changed. */
const kept = new WeakMap<Fragment, KeptPieces>();

/** `platform`: the stack's platformRoute, which sees the alerts of every namespace. */
export function piecesOf(
  fragment: Fragment,
  platform: boolean,
  version: string,
  connections: Connections,
): Pieces {
  const key = `${platform} ${hasRuleNames(version)} ${connections.key}`;
  const known = kept.get(fragment);
  if (known?.key === key) return known.pieces;
  const subtree = subtreeOf(fragment, platform);
  const pieces = {
    routes: subtree === undefined ? '' : routeItems([subtree]),
    receivers: receiverItems(
      Object.values(fragment.receivers).map((receiver) => teamReceiver(receiver, connections)),
    ),
    timeIntervals: listItems('time_intervals', Object.values(fragment.timeIntervals)),
    inhibitRules: inhibitItems(fragment.inhibitRules, version),
  };
  kept.set(fragment, { key, pieces });
  return pieces;
}

/** Texts are always quoted: Alertmanager's YAML reader takes words such as `yes` and `0o7` for something else. */
export function dumpAlertmanagerYaml(value: unknown): string {
  return dump(value, { lineWidth: -1, noRefs: true, forceQuotes: true, skipInvalid: true });
}

/** `items` is what stands below `key`, as the other functions here make it. */
export function listText(key: string, items: string): string {
  return items === '' ? `${key}: []\n` : `${key}:\n${items}`;
}

export function listItems(key: string, items: readonly unknown[]): string {
  return items.length === 0 ? '' : dumpAlertmanagerYaml({ [key]: items }).slice(key.length + 2);
}

export function routeItems(routes: readonly RenderedRoute[]): string {
  return routes.length === 0
    ? ''
    : dumpAlertmanagerYaml({ route: { routes } }).slice('route:\n  routes:\n'.length);
}

export function receiverItems(receivers: readonly RenderedReceiver[]): string {
  return listItems('receivers', receivers);
}

export function inhibitItems(rules: readonly RenderedInhibitRule[], version: string): string {
  const named = hasRuleNames(version);
  return listItems(
    'inhibit_rules',
    rules.map((rule) => (named ? rule : { ...rule, name: undefined })),
  );
}

const hasRuleNames = (version: string) => atLeast(version, '0.30.0');

/** Every subtree continues, so that an alert reaches all AlertRoutes of its namespace and then the platform's stream. */
function subtreeOf({ namespace, route }: Fragment, platform: boolean): RenderedRoute | undefined {
  if (route === undefined) return undefined;
  const guards = platform ? [] : [namespaceGuard(namespace)];
  const matchers = [...guards, ...(route.matchers ?? [])];
  return {
    ...route,
    receiver: route.receiver ?? nullReceiver,
    ...(matchers.length === 0 ? {} : { matchers }),
    continue: true,
  };
}
