/** Many fragments and the platform's configuration become one alertmanager.yaml. */
import { limits } from '../../base/limits.ts';
import { fitsBundle } from '../bundle/pack.ts';
import { type BundleFile, compareText } from '../bundle/slot.ts';
import { type BaseConfig, baseConfigPath, encodeBaseConfig } from './base-config.ts';
import { type Connections, connectionsOf, globalSection, platformReceiver } from './connection.ts';
import { encodeFragment, type Fragment, fragmentPath } from './fragment.ts';
import {
  dumpAlertmanagerYaml,
  inhibitItems,
  listItems,
  listText,
  nullReceiver,
  type Pieces,
  piecesOf,
  receiverItems,
  routeItems,
} from './pieces.ts';

export const alertmanagerConfigPath = 'alertmanager.yaml';

export interface AssembleInput {
  readonly version: string;
  readonly base: BaseConfig;
  /** Whether receivers of AlertRoutes may follow HTTP redirects. */
  readonly teamsFollowRedirects: boolean;
  /** Template files of the platform by file name. */
  readonly baseTemplates: Readonly<Record<string, string>>;
  readonly fragments: readonly AssembleFragment[];
  /** The bundle as it is now, by path. */
  readonly previous: ReadonlyMap<string, BundleFile>;
}

export interface AssembleFragment {
  readonly fragment: Fragment;
  /** The stack's platformRoute, which sees the alerts of every namespace. */
  readonly platform: boolean;
  /** Identity of the AlertRoute: a later one of the same name inherits nothing. */
  readonly uid: string;
  /** RFC 3339; where there is no room for all, the newest ones wait. */
  readonly created: string;
}

export interface AssembleResult {
  readonly files: readonly BundleFile[];
  /** Keys `namespace/name` for which alertmanager.yaml has no room; everything of them is left out. */
  readonly noRoom: readonly string[];
}

interface Input extends AssembleInput {
  readonly connections: Connections;
}

/** A fragment with its `namespace/name`. */
interface Candidate extends AssembleFragment {
  readonly key: string;
}

/** Leaves room for the platform's part. */
const fragmentsMaxChars = (limits.bundleFileBytes / 8) * 7;

/**
 * Stable: equal input gives equal files, whatever the order of the fragments. A generator, so that the caller may let other
 * work of its thread go on at each step; a step is the text of one fragment, or packing the whole once.
 */
export function* assembleFiles(asked: AssembleInput): Generator<void, AssembleResult> {
  const input = { ...asked, connections: connectionsOf(asked.base.global, asked.teamsFollowRedirects) };
  for (const entry of input.fragments) {
    piecesFor(input, entry);
    yield;
  }
  const candidates = byPriority(input);
  yield;
  const { file, count } = yield* fullest(input, candidates);
  yield;
  const noRoom = candidates.slice(count).map(({ key }) => key);
  const taken = inOrder(candidates.slice(0, count));
  const { base } = input;
  const files = [
    file,
    ...templatesOf(input, taken),
    ...(base.receivers.length === 0 ? [] : [{ path: baseConfigPath, content: encodeBaseConfig(base) }]),
    ...taken.map(({ fragment, uid }) => ({
      path: fragmentPath(fragment.namespace, fragment.name),
      content: encodeFragment(fragment),
      meta: { uid },
    })),
  ];
  return { files, noRoom: noRoom.sort(compareText) };
}

/** The configuration of as many candidates, from the first one on, as the bundle has room for. */
function* fullest(
  input: Input,
  candidates: readonly Candidate[],
): Generator<void, { readonly file: BundleFile; readonly count: number }> {
  const known = input.previous.get(alertmanagerConfigPath);
  const attempt = function* (count: number): Generator<void, BundleFile | undefined> {
    const content = configText(input, inOrder(candidates.slice(0, count)));
    if (content === known?.content) return known;
    const file = { path: alertmanagerConfigPath, content };
    yield;
    return fitsBundle(file) ? file : undefined;
  };
  let [fits, tooMany] = [0, withinChars(input, candidates) + 1];
  let file = yield* attempt(tooMany - 1);
  if (file !== undefined) return { file, count: tooMany - 1 };
  tooMany -= 1;
  while (tooMany - fits > 1) {
    yield;
    const middle = (fits + tooMany) >> 1;
    const found = yield* attempt(middle);
    if (found === undefined) tooMany = middle;
    else [fits, file] = [middle, found];
  }
  yield;
  // Without any fragment it is the platform's own matter: the bundle tells what does not fit.
  file ??= { path: alertmanagerConfigPath, content: configText(input, []) };
  return { file, count: fits };
}

/** How many candidates, from the first one on, stay below the size of a file. */
function withinChars(input: Input, candidates: readonly Candidate[]): number {
  let chars = 0;
  for (const [position, candidate] of candidates.entries()) {
    const { routes, receivers, timeIntervals, inhibitRules } = piecesFor(input, candidate);
    chars += routes.length + receivers.length + timeIntervals.length + inhibitRules.length;
    if (chars > fragmentsMaxChars) return position;
  }
  return candidates.length;
}

/**
 * What runs as it is comes first, then what runs and has changed, then what is new: nobody's growth takes the place of
 * what runs. Among equals the older object comes first.
 */
function byPriority({ fragments, previous }: AssembleInput): readonly Candidate[] {
  const rankOf = ({ fragment, uid }: AssembleFragment) => {
    const running = previous.get(fragmentPath(fragment.namespace, fragment.name));
    if (running?.meta?.uid !== uid) return 2;
    return running.content === encodeFragment(fragment) ? 0 : 1;
  };
  return fragments
    .map((entry) => ({ ...entry, key: keyOf(entry), rank: rankOf(entry) }))
    .sort((a, b) => a.rank - b.rank || compareText(a.created, b.created) || compareText(a.key, b.key));
}

function configText(input: Input, taken: readonly AssembleFragment[]): string {
  const { version, base, connections } = input;
  const pieces = taken.map((entry) => piecesFor(input, entry));
  const all = (part: keyof Pieces) => pieces.map((each) => each[part]).join('');
  const { receiver, routes: _, ...grouping } = base.route;
  const stream = receiver === undefined ? [] : [base.route];
  const own = base.receivers.map((each) => platformReceiver(each, connections));
  const templates = [...base.templates, ...templatesOf(input, taken).map(({ path }) => path)];
  return [
    dumpAlertmanagerYaml({
      global: globalSection(base.global, connections),
      ...(base.tracing === undefined ? {} : { tracing: base.tracing }),
      // The top route only holds the platform's grouping, which subtrees inherit as in any Alertmanager configuration.
      route: { ...grouping, receiver: receiver ?? nullReceiver },
    }),
    listText('  routes', all('routes') + routeItems(stream)),
    listText('receivers', receiverItems([{ name: nullReceiver }, ...own]) + all('receivers')),
    listText('time_intervals', listItems('time_intervals', base.timeIntervals) + all('timeIntervals')),
    listText('inhibit_rules', inhibitItems(base.inhibitRules, version) + all('inhibitRules')),
    listText('templates', listItems('templates', templates)),
  ].join('');
}

function piecesFor({ version, connections }: Input, { fragment, platform }: AssembleFragment): Pieces {
  return piecesOf(fragment, platform, version, connections);
}

function templatesOf(input: Input, taken: readonly AssembleFragment[]): readonly BundleFile[] {
  return [
    ...Object.entries(input.baseTemplates).map(([name, content]) => ({
      path: `platform-templates/${name}`,
      content,
    })),
    ...taken.flatMap(({ fragment }) => templateFiles(fragment)),
  ];
}

function inOrder(candidates: readonly Candidate[]): readonly Candidate[] {
  return [...candidates].sort((a, b) => compareText(a.key, b.key));
}

function keyOf({ fragment }: AssembleFragment): string {
  return `${fragment.namespace}/${fragment.name}`;
}

function templateFiles({ namespace, name, templates }: Fragment): readonly BundleFile[] {
  return Object.entries(templates)
    .sort(([a], [b]) => compareText(a, b))
    .map(([file, content]) => ({ path: `templates/${namespace}/${name}/${file}.tmpl`, content }));
}
