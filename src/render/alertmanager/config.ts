/** The whole configuration of one stack's Alertmanagers: every AlertRoute by itself, then all together. */
import type { AlertRoute } from '../../crds/alert-route.ts';
import type { BundleFile } from '../bundle/slot.ts';
import { type AssembleFragment, assembleFiles } from './assemble.ts';
import {
  type BaseConfig,
  baseConfigPath,
  decodeBaseConfig,
  noBaseConfig,
  readBaseConfig,
} from './base-config.ts';
import type { AddressPolicy } from './checks/address.ts';
import type { Fault } from './checks/fault.ts';
import {
  type CompileOptions,
  type CompileResult,
  compileSafely,
  emptyFragment,
  receiverCount,
} from './compile.ts';
import { decodeFragment, type Fragment, fragmentPath } from './fragment.ts';
import { secretReferencesSafely } from './secret-references.ts';
import { atLeast, oldestVersion } from './version.ts';

export interface AlertmanagerConfigInput {
  readonly version: string;
  readonly featureFlags?: readonly string[];
  readonly policy: AddressPolicy;
  /** The stack's baseConfigSecret: `text` of its key, absent when Secret or key are missing; its `*.tmpl` keys. */
  readonly base?: { readonly text?: string; readonly templates: Readonly<Record<string, string>> };
  /** Selected and permitted AlertRoutes; `platform` marks the stack's platformRoute. */
  readonly routes: readonly { readonly route: AlertRoute; readonly platform: boolean }[];
  /** Value of a Secret's key; undefined when either is missing. */
  readonly secrets: (namespace: string, name: string, key: string) => string | undefined;
  /** The bundle as it is now, by path: where last good versions lie. */
  readonly previous: ReadonlyMap<string, BundleFile>;
}

export interface AlertmanagerConfig {
  readonly files: readonly BundleFile[];
  /** Faults of the platform's configuration; its last good version runs meanwhile, or none. */
  readonly baseFaults: readonly Fault[];
  /** By `namespace/name`. */
  readonly routes: ReadonlyMap<string, CompileResult>;
}

/** Why this version cannot be rendered for, or undefined. */
export function alertmanagerVersionFault(version: string): string | undefined {
  if (!/^v\d+\.\d+\.\d+/.test(version)) return `${version} is no version such as v0.33.1`;
  return atLeast(version, oldestVersion) ? undefined : `the oldest supported version is v${oldestVersion}`;
}

/** At once; `alertmanagerConfigSteps` is for a thread that others wait for. */
export function renderAlertmanagerConfig(input: AlertmanagerConfigInput): AlertmanagerConfig {
  const steps = alertmanagerConfigSteps(input);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Each step is about one AlertRoute, or packs the whole once. */
export function* alertmanagerConfigSteps(
  input: AlertmanagerConfigInput,
): Generator<void, AlertmanagerConfig> {
  const { version, policy, previous } = input;
  const { base, faults: baseFaults } = chooseBase(input);
  const routes = new Map<string, CompileResult>();
  const context = JSON.stringify([version, input.featureFlags, base.global, policy]);
  const fragments: AssembleFragment[] = [];
  for (const { route, platform } of input.routes) {
    const { namespace = '', name, uid = '', creationTimestamp: created = '' } = route.metadata;
    const lastGood = () => lastGoodFragment(previous, namespace, name, uid);
    const result =
      route.spec.suspend === true
        ? suspended(route, lastGood())
        : compileOnce(
            route,
            lastGood,
            previous.get(fragmentPath(namespace, name))?.content,
            `${context}${platform}`,
            {
              version,
              ...(input.featureFlags === undefined ? {} : { featureFlags: input.featureFlags }),
              global: base.global,
              policy,
              secrets: (secret, key) => input.secrets(namespace, secret, key),
              scope: platform ? 'platform' : 'namespace',
            },
          );
    routes.set(`${namespace}/${name}`, result);
    fragments.push({ fragment: result.fragment, platform, uid, created });
    yield;
  }
  const files = yield* assembled(input, base, fragments, routes);
  return { files, baseFaults, routes };
}

/** What has no room runs in its last good version, or not at all; `routes` then say so. */
function* assembled(
  input: AlertmanagerConfigInput,
  base: BaseConfig,
  fragments: readonly AssembleFragment[],
  routes: Map<string, CompileResult>,
): Generator<void, readonly BundleFile[]> {
  const { version, previous } = input;
  const shared = {
    version,
    base,
    baseTemplates: input.base?.templates ?? {},
    previous,
    teamsFollowRedirects: input.policy.followRedirects === true,
  };
  const first = yield* assembleFiles({ ...shared, fragments });
  if (first.noRoom.length === 0) return first.files;
  const refused = new Set(first.noRoom);
  const older = fragments.map((entry) => {
    const { namespace, name } = entry.fragment;
    const lastGood = refused.has(`${namespace}/${name}`)
      ? lastGoodFragment(previous, namespace, name, entry.uid)
      : undefined;
    return lastGood === undefined ? entry : { ...entry, fragment: lastGood };
  });
  const hasOlder = older.some((entry, position) => entry !== fragments[position]);
  const { files, noRoom } = hasOlder ? yield* assembleFiles({ ...shared, fragments: older }) : first;
  const leftOut = new Set(noRoom);
  for (const key of new Set([...refused, ...leftOut])) {
    routes.set(key, withoutRoom(routes.get(key)!, leftOut.has(key) ? 'leftOut' : 'lastGood'));
  }
  return files;
}

/** Kept, so that what is refused again is equal to what was. */
const roomless = {
  leftOut: new WeakMap<CompileResult, CompileResult>(),
  lastGood: new WeakMap<CompileResult, CompileResult>(),
};

function withoutRoom(result: CompileResult, instead: keyof typeof roomless): CompileResult {
  const known = roomless[instead].get(result);
  if (known !== undefined) return known;
  const told: CompileResult = {
    ...result,
    faults: [...result.faults, { path: 'spec', code: 'BundleFull', message: noRoomMessage }],
    lastGood: [],
    leftOut: [],
    [instead]: ['spec'],
  };
  roomless[instead].set(result, told);
  return told;
}

const noRoomMessage =
  'the configuration of this stack has no room left; make AlertRoutes smaller, or spread them over more stacks';

interface Compiled {
  readonly context: string;
  readonly secrets: string;
  /** What the bundle held; it counts only where something is at fault. */
  readonly previous: string | undefined;
  readonly result: CompileResult;
}

/** By the object as it was read: an unchanged one, with unchanged Secrets, is not compiled again. */
const compiled = new WeakMap<AlertRoute['spec'], Compiled>();

function compileOnce(
  route: AlertRoute,
  lastGood: () => Fragment | undefined,
  previous: string | undefined,
  context: string,
  options: Omit<CompileOptions, 'lastGood'>,
): CompileResult {
  const { namespace, name, uid } = route.metadata;
  const values = secretReferencesSafely(route.spec).map(
    (reference) => options.secrets(reference.name, reference.key) ?? null,
  );
  const secrets = JSON.stringify([namespace, name, uid, values]);
  const known = compiled.get(route.spec);
  if (known?.context === context && known.secrets === secrets) {
    if (known.result.faults.length === 0 || known.previous === previous) return known.result;
  }
  const fragment = lastGood();
  const result = compileSafely(route, {
    ...options,
    ...(fragment === undefined ? {} : { lastGood: fragment }),
  });
  compiled.set(route.spec, { context, secrets, previous, result });
  return result;
}

/** What the bundle holds of an AlertRoute; nothing when it is damaged or was another object of that name. */
export function lastGoodFragment(
  previous: ReadonlyMap<string, BundleFile>,
  namespace: string,
  name: string,
  uid: string,
): Fragment | undefined {
  const file = previous.get(fragmentPath(namespace, name));
  if (file === undefined || file.meta?.uid !== uid) return undefined;
  try {
    return decodeFragment(file.content);
  } catch {
    return undefined;
  }
}

function chooseBase(input: AlertmanagerConfigInput): {
  readonly base: BaseConfig;
  readonly faults: readonly Fault[];
} {
  if (input.base === undefined) return { base: noBaseConfig, faults: [] };
  const { text } = input.base;
  const read =
    text === undefined
      ? { base: undefined, faults: [missingBase] }
      : readBaseConfig(text, {
          version: input.version,
          ...(input.featureFlags === undefined ? {} : { featureFlags: input.featureFlags }),
        });
  if (read.base !== undefined) return { base: read.base, faults: [] };
  const older = input.previous.get(baseConfigPath);
  const lastGood = older === undefined ? undefined : decodeBaseConfig(older.content);
  return { base: lastGood ?? noBaseConfig, faults: read.faults };
}

const missingBase: Fault = {
  path: 'spec.alertmanager.baseConfigSecret',
  code: 'SecretKeyMissing',
  message: 'the Secret or its key does not exist',
};

/** A suspended object stays as it was last rendered. */
function suspended(route: AlertRoute, lastGood: Fragment | undefined): CompileResult {
  const { namespace = '', name } = route.metadata;
  const total = receiverCount(route.spec);
  return {
    fragment: lastGood ?? emptyFragment(namespace, name),
    faults: [],
    lastGood: [],
    leftOut: [],
    receivers: { total, accepted: total },
  };
}
