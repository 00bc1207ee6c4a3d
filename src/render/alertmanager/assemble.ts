/** Many fragments and the platform's configuration become one alertmanager.yaml. */
import { dump } from 'js-yaml';
import { limits } from '../../base/limits.ts';
import { type BundleFile, compareText } from '../bundle/slot.ts';
import { type BaseConfig, baseConfigPath, encodeBaseConfig } from './base-config.ts';
import { namespaceGuard } from './compile.ts';
import { globalWithProxy, receiverWithProxy } from './environment-proxy.ts';
import {
  encodeFragment,
  type Fragment,
  fragmentPath,
  type RenderedReceiver,
  type RenderedRoute,
} from './fragment.ts';
import { atLeast } from './version.ts';

export const alertmanagerConfigPath = 'alertmanager.yaml';

/** Takes what nobody has declared a receiver for. */
const nullReceiver = 'promfleet/none';

export interface AssembleInput {
  readonly version: string;
  readonly base: BaseConfig;
  /** Template files of the platform by file name. */
  readonly baseTemplates: Readonly<Record<string, string>>;
  readonly fragments: readonly AssembleFragment[];
}

export interface AssembleFragment {
  readonly fragment: Fragment;
  /** The stack's platformRoute, which sees the alerts of every namespace. */
  readonly platform: boolean;
  /** Identity of the AlertRoute: a later one of the same name inherits nothing. */
  readonly uid: string;
}

export interface AssembleResult {
  readonly files: readonly BundleFile[];
  /** Keys `namespace/name` for which alertmanager.yaml has no room; everything of them is left out. */
  readonly noRoom: readonly string[];
}

/** Leaves room for the platform's part and for the difference between JSON and YAML. */
const fragmentsMaxChars = (limits.bundleFileBytes / 4) * 3;

/** Stable: equal input gives equal files, whatever the order of the fragments. */
export function assembleFiles(input: AssembleInput): AssembleResult {
  const { version, base } = input;
  const sorted = [...input.fragments].sort((a, b) => compareText(keyOf(a), keyOf(b)));
  const { taken, noRoom } = takeWhatFits(sorted);
  const templates = [
    ...Object.entries(input.baseTemplates).map(([name, content]) => ({
      path: `platform-templates/${name}`,
      content,
    })),
    ...taken.flatMap(({ fragment }) => templateFiles(fragment)),
  ];
  const config = {
    global: globalWithProxy(base.global),
    ...(base.tracing === undefined ? {} : { tracing: base.tracing }),
    route: rootRoute(base, taken),
    receivers: [
      { name: nullReceiver },
      ...base.receivers.map(receiverWithProxy),
      ...taken.flatMap(({ fragment }) => Object.values(fragment.receivers).map(receiverWithProxy)),
    ] satisfies RenderedReceiver[],
    time_intervals: [
      ...base.timeIntervals,
      ...taken.flatMap(({ fragment }) => Object.values(fragment.timeIntervals)),
    ],
    inhibit_rules: [...base.inhibitRules, ...taken.flatMap(({ fragment }) => fragment.inhibitRules)].map(
      (rule) => (atLeast(version, '0.30.0') ? rule : { ...rule, name: undefined }),
    ),
    templates: [...base.templates, ...templates.map(({ path }) => path)],
  };
  const files = [
    { path: alertmanagerConfigPath, content: dumpAlertmanagerYaml(config) },
    ...templates,
    ...(base.receivers.length === 0 ? [] : [{ path: baseConfigPath, content: encodeBaseConfig(base) }]),
    ...taken.map(({ fragment, uid }) => ({
      path: fragmentPath(fragment.namespace, fragment.name),
      content: encodeFragment(fragment),
      meta: { uid },
    })),
  ];
  return { files, noRoom };
}

/** Texts are always quoted: Alertmanager's YAML reader takes words such as `yes` and `0o7` for something else. */
export function dumpAlertmanagerYaml(value: unknown): string {
  return dump(value, { lineWidth: -1, noRefs: true, forceQuotes: true, skipInvalid: true });
}

function keyOf({ fragment }: AssembleFragment): string {
  return `${fragment.namespace}/${fragment.name}`;
}

function takeWhatFits(fragments: readonly AssembleFragment[]): {
  readonly taken: readonly AssembleFragment[];
  readonly noRoom: readonly string[];
} {
  const taken: AssembleFragment[] = [];
  const noRoom: string[] = [];
  let chars = 0;
  for (const entry of fragments) {
    const templates = Object.values(entry.fragment.templates).reduce((sum, text) => sum + text.length, 0);
    const size = encodeFragment(entry.fragment).length - templates;
    if (chars + size > fragmentsMaxChars) noRoom.push(keyOf(entry));
    else {
      chars += size;
      taken.push(entry);
    }
  }
  return { taken, noRoom };
}

function templateFiles({ namespace, name, templates }: Fragment): readonly BundleFile[] {
  return Object.entries(templates)
    .sort(([a], [b]) => compareText(a, b))
    .map(([file, content]) => ({ path: `templates/${namespace}/${name}/${file}.tmpl`, content }));
}

/**
 * Every subtree continues, so that an alert reaches all AlertRoutes of its namespace and then the platform's stream.
 * The top route only holds the platform's grouping, which subtrees inherit as in any Alertmanager configuration.
 */
function rootRoute(base: BaseConfig, fragments: readonly AssembleFragment[]): RenderedRoute {
  const subtrees = fragments.flatMap(({ fragment, platform }) => {
    if (fragment.route === undefined) return [];
    const guards = platform ? [] : [namespaceGuard(fragment.namespace)];
    const matchers = [...guards, ...(fragment.route.matchers ?? [])];
    return [
      {
        ...fragment.route,
        receiver: fragment.route.receiver ?? nullReceiver,
        ...(matchers.length === 0 ? {} : { matchers }),
        continue: true,
      },
    ];
  });
  const { receiver, routes: _, ...grouping } = base.route;
  const stream = receiver === undefined ? [] : [base.route];
  return { ...grouping, receiver: receiver ?? nullReceiver, routes: [...subtrees, ...stream] };
}
