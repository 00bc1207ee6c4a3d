import type { AlertRoute } from '../../crds/alert-route.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { AddressPolicy } from '../../render/alertmanager/checks/address.ts';
import type { CompileResult } from '../../render/alertmanager/compile.ts';
import { renderAlertmanagerConfig } from '../../render/alertmanager/config.ts';
import { secretReferences } from '../../render/alertmanager/secret-references.ts';
import { encodeIndex, type IndexSlot, indexHash } from '../../render/bundle/bundle-index.ts';
import { changeTo, type PackedSlot } from '../../render/bundle/pack.ts';
import { type BundleFile, sha256Hex } from '../../render/bundle/slot.ts';
import { alertmanagerIndexName, alertmanagerName } from '../../render/names.ts';
import type { Manifest, RenderFault } from '../../render/workload/manifest.ts';
import { indexManifest } from '../../render/workload/transport.ts';
import type { Fleet, ObjectSource } from '../fleet/fleet.ts';
import type { StackState } from '../fleet/stack-state.ts';
import { canonicalJson } from '../json.ts';
import { keyOf, type ObjectKey } from '../object.ts';
import type { TeamRecord } from '../team-object/record.ts';
import { type Half, splitWorkloads } from './prometheus-half.ts';
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
      secretReferences(route.spec).map(({ name }) => ({ namespace: route.metadata.namespace ?? '', name })),
    ),
  ];
}

export interface RouteUpdate {
  /** Routes whose part in the configuration, or whose faults, may have changed. */
  readonly touched: readonly string[];
  readonly faults: readonly StackFault[];
}

/** Renders the configuration anew, if anything that it is made of has changed, and packs it. */
export function updateRoutes(
  stack: StackState,
  routes: readonly SelectedRoute[],
  policy: AddressPolicy,
  before: readonly StackFault[],
): RouteUpdate {
  const { object, secrets } = stack;
  const spec = object.spec.alertmanager ?? {};
  const { name, namespace } = stack.key;
  const context = canonicalJson([spec, policy, secrets.version]);
  const marked = stack.routes.take();
  if (marked.length === 0 && context === stack.routeContext) return { touched: [], faults: before };
  const files = [...stack.alertmanagerBundle.packing.values()].flatMap((slot) => [...slot.files]);
  const secret = spec.baseConfigSecret;
  const text =
    secret === undefined
      ? undefined
      : secrets.value(namespace, secret.name, secret.key ?? 'alertmanager.yml');
  const config = renderAlertmanagerConfig({
    version: spec.version ?? 'v0.33.1',
    ...(spec.featureFlags === undefined ? {} : { featureFlags: spec.featureFlags }),
    policy,
    ...(secret === undefined
      ? {}
      : { base: { ...(text === undefined ? {} : { text }), templates: templatesOf(stack, secret.name) } }),
    routes,
    secrets: (from, secretName, key) => secrets.value(from, secretName, key),
    previous: new Map<string, BundleFile>(files),
  });
  const { refused } = stack.alertmanagerBundle.change(
    changeTo(stack.alertmanagerBundle.packing, config.files),
  );
  stack.routeContext = context;
  stack.routes.release();
  const touched = new Set([...marked, ...stack.routes.records.keys(), ...config.routes.keys()]);
  stack.routes.records.clear();
  for (const { route } of routes) {
    const result = config.routes.get(keyOf(route));
    if (result !== undefined) stack.routes.records.set(keyOf(route), recordOf(route, result));
  }
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
        message: `Alertmanager's file ${path} of stack ${name} does not fit: ${error}`,
      })),
    ],
  };
}

function templatesOf(stack: StackState, name: string): Record<string, string> {
  const { namespace } = stack.key;
  const keys = stack.secrets.keys(namespace, name).filter((key) => key.endsWith('.tmpl'));
  return Object.fromEntries(keys.map((key) => [key, stack.secrets.value(namespace, name, key) ?? '']));
}

function recordOf(route: AlertRoute, result: CompileResult): TeamRecord {
  const { uid = '', generation = 0 } = route.metadata;
  return {
    uid,
    generation,
    accepted: result.receivers.accepted,
    faults: result.faults,
    // Secrets are not part of it: a status must not tell one value from another.
    contentHash: sha256Hex(canonicalJson([uid, route.spec, result.lastGood, result.leftOut])).slice(0, 16),
    lastGood: result.lastGood.length > 0,
  };
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
