import type { AlertRoute } from '../../crds/alert-route.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { AddressPolicy } from '../../render/alertmanager/checks/address.ts';
import type { CompileResult } from '../../render/alertmanager/compile.ts';
import { type AlertmanagerConfig, alertmanagerConfigSteps } from '../../render/alertmanager/config.ts';
import { fragmentPath } from '../../render/alertmanager/fragment.ts';
import { secretReferencesSafely } from '../../render/alertmanager/secret-references.ts';
import { encodeIndex, type IndexSlot, indexHash } from '../../render/bundle/bundle-index.ts';
import { changeTo, type PackedSlot } from '../../render/bundle/pack.ts';
import { type BundleFile, sha256Hex } from '../../render/bundle/slot.ts';
import { alertmanagerIndexName, alertmanagerName } from '../../render/names.ts';
import type { Manifest, RenderFault } from '../../render/workload/manifest.ts';
import { tlsFiles } from '../../render/workload/tls.ts';
import { indexManifest } from '../../render/workload/transport.ts';
import type { Fleet, ObjectSource } from '../fleet/fleet.ts';
import type { StackState } from '../fleet/stack-state.ts';
import { canonicalJson, jsonEqual } from '../json.ts';
import { keyOf, type ObjectKey, parseKey } from '../object.ts';
import type { Breather } from '../ports.ts';
import type { TeamRecord } from '../team-object/record.ts';
import { type Half, splitWorkloads } from './prometheus-half.ts';
import { identityFor } from './stack-identities.ts';
import type { StackFault } from './status.ts';

export interface SelectedRoute {
  readonly route: AlertRoute;
  readonly platform: boolean;
}

/** AlertRoutes that take effect in a stack: the selected ones, and its platformRoute from its own namespace. */
export function selectedRoutes(
  stack: StackState,
  fleet: Pick<Fleet, 'verdict'>,
  routes: ObjectSource<AlertRoute>,
): SelectedRoute[] {
  const platform = stack.object.spec.alertmanager?.platformRoute?.name;
  const isPlatform = ({ metadata }: AlertRoute) =>
    metadata.name === platform && metadata.namespace === stack.key.namespace;
  return routes
    .list()
    .filter(
      (route) =>
        route.metadata.deletionTimestamp === undefined && fleet.verdict('routes', stack, route).selected,
    )
    .map((route) => ({ route, platform: isPlatform(route) }));
}

/** Secrets that the Alertmanager configuration of a stack is made of. */
export function alertmanagerSecretKeys(
  stack: MonitoringStack,
  routes: readonly SelectedRoute[],
): ObjectKey[] {
  const base = stack.spec.alertmanager?.baseConfigSecret;
  const namespace = stack.metadata.namespace ?? '';
  return [
    ...(base === undefined ? [] : [{ namespace, name: base.name }]),
    ...routes.flatMap(({ route }) =>
      secretReferencesSafely(route.spec).map(({ name }) => ({
        namespace: route.metadata.namespace ?? '',
        name,
      })),
    ),
  ];
}

export interface RouteUpdate {
  /** Routes whose part in the configuration, or whose faults, may have changed. */
  readonly touched: readonly string[];
  readonly faults: readonly StackFault[];
}

/**
 * Renders the configuration anew, if anything that it is made of has changed, and packs it. `marked` and `routes` are of
 * one moment: a route that came later is marked for the next time.
 */
export async function updateRoutes(
  stack: StackState,
  marked: readonly string[],
  routes: readonly SelectedRoute[],
  policy: AddressPolicy,
  before: readonly StackFault[],
  breather: Breather,
): Promise<RouteUpdate> {
  const { object, secrets } = stack;
  const identity = identityFor(stack, 'alertmanager');
  const context = canonicalJson([
    object.spec.alertmanager ?? {},
    policy,
    secrets.version,
    identity === undefined ? '' : sha256Hex(identity.pem + identity.authorities),
  ]);
  if (marked.length === 0 && context === stack.routeContext) return { touched: [], faults: before };
  const config = await render(stack, routes, policy, breather);
  const bundle = stack.alertmanagerBundle;
  const refusedBefore = [...stack.routes.records.keys()].filter((key) => isRefused(stack, key));
  const files = [
    // First: whatever else does not fit.
    ...(identity === undefined ? [] : tlsFiles(object, 'alertmanager', identity)),
    ...config.files,
  ];
  const { refused } = await bundle.change(changeTo(bundle.packing, files), breather);
  stack.routeContext = context;
  stack.routes.release();
  const touched = new Set([...marked, ...refusedBefore, ...takeRecords(stack, routes, config)]);
  for (const key of stack.routes.records.keys()) if (isRefused(stack, key)) touched.add(key);
  return {
    touched: [...touched],
    faults: [
      ...config.baseFaults.map(({ code, path, message }) => ({
        ...(path === '' ? {} : { path }),
        code,
        message,
      })),
      ...refused.map(({ path, error }) => ({
        code: 'BundleFull',
        message: `Alertmanager's file ${path} of stack ${stack.key.name} does not fit: ${error}`,
      })),
    ],
  };
}

/** In steps: neither one route nor the number of them holds this thread. */
async function render(
  stack: StackState,
  routes: readonly SelectedRoute[],
  policy: AddressPolicy,
  breather: Breather,
): Promise<AlertmanagerConfig> {
  const { secrets } = stack;
  const spec = stack.object.spec.alertmanager ?? {};
  const { namespace } = stack.key;
  const secret = spec.baseConfigSecret;
  const text =
    secret === undefined
      ? undefined
      : secrets.value(namespace, secret.name, secret.key ?? 'alertmanager.yml');
  const files = [...stack.alertmanagerBundle.packing.values()].flatMap((slot) => [...slot.files]);
  const steps = alertmanagerConfigSteps({
    version: spec.version ?? 'v0.33.1',
    ...(spec.featureFlags === undefined ? {} : { featureFlags: spec.featureFlags }),
    policy: { ...policy, followRedirects: spec.followRedirects === true },
    ...(secret === undefined
      ? {}
      : { base: { ...(text === undefined ? {} : { text }), templates: templatesOf(stack, secret.name) } }),
    routes,
    secrets: (from, secretName, key) => secrets.value(from, secretName, key),
    previous: new Map<string, BundleFile>(files),
  });
  for (;;) {
    const { done, value } = steps.next();
    await breather.breathe();
    if (done === true) return value;
  }
}

/** Takes over what became of each route; returns those for which it is something else than before. */
function takeRecords(
  stack: StackState,
  routes: readonly SelectedRoute[],
  config: AlertmanagerConfig,
): readonly string[] {
  const { records } = stack.routes;
  const changed: string[] = [];
  const gone = new Set(records.keys());
  for (const { route } of routes) {
    const key = keyOf(route);
    const result = config.routes.get(key);
    if (result === undefined) continue;
    gone.delete(key);
    const record = recordOf(route, result);
    if (jsonEqual(records.get(key), record)) continue;
    records.set(key, record);
    changed.push(key);
  }
  for (const key of gone) records.delete(key);
  return [...changed, ...gone];
}

function isRefused(stack: StackState, key: string): boolean {
  const { namespace, name } = parseKey(key);
  return stack.alertmanagerBundle.refusal(fragmentPath(namespace, name)) !== undefined;
}

function templatesOf(stack: StackState, name: string): Record<string, string> {
  const { namespace } = stack.key;
  const keys = stack.secrets.keys(namespace, name).filter((key) => key.endsWith('.tmpl'));
  return Object.fromEntries(keys.map((key) => [key, stack.secrets.value(namespace, name, key) ?? '']));
}

/** By the result of an object that was not compiled anew. */
const recordsOf = new WeakMap<CompileResult, { readonly spec: AlertRoute['spec']; record: TeamRecord }>();

function recordOf(route: AlertRoute, result: CompileResult): TeamRecord {
  const { uid = '', generation = 0 } = route.metadata;
  const known = recordsOf.get(result);
  if (known?.spec === route.spec && known.record.uid === uid && known.record.generation === generation)
    return known.record;
  const { receivers, inhibitRules } = result.fragment;
  // Of an object without receivers and inhibitions nothing is loaded, whatever names it still declares.
  const isEmpty = Object.keys(receivers).length === 0 && inhibitRules.length === 0;
  const record: TeamRecord = {
    uid,
    generation,
    accepted: result.receivers.accepted,
    faults: result.faults,
    // Secrets are not part of it: a status must not tell one value from another.
    contentHash: isEmpty
      ? undefined
      : sha256Hex(canonicalJson([uid, route.spec, result.lastGood, result.leftOut])).slice(0, 16),
    lastGood: result.lastGood.length > 0,
  };
  recordsOf.set(result, { spec: route.spec, record });
  return record;
}

/** The Alertmanager half as manifests; empty when the stack runs none. */
export function alertmanagerHalf(
  stack: MonitoringStack,
  packed: ReadonlyMap<string, PackedSlot>,
  rendered: { readonly manifests: readonly Manifest[]; readonly faults: readonly RenderFault[] },
  slotManifestOf: (slot: PackedSlot) => Manifest,
): Half {
  const { name } = stack.metadata;
  const { content, workloads } = splitWorkloads(rendered.manifests);
  const packedSlots = [...packed.values()];
  const slots = packedSlots.map((slot): IndexSlot => ({ kind: 'Secret', name: slot.name, hash: slot.hash }));
  const index = indexManifest(stack, alertmanagerIndexName(name), 'alertmanager', { slots });
  return {
    content: [...content, ...packedSlots.map(slotManifestOf)],
    indexes: [index],
    workloads,
    indexHashes: new Map([[alertmanagerName(name), indexHash(encodeIndex({ slots }))]]),
    slotHashes: new Map(slots.map((slot) => [slot.name, slot.hash])),
    faults: rendered.faults,
  };
}
