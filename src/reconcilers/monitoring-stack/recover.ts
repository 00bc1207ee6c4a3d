import { decodeIndex } from '../../render/bundle/bundle-index.ts';
import { decodeReport, type Report } from '../../render/bundle/report.ts';
import { decodeShipperReport, type ShipperReport } from '../../render/bundle/shipper-report.ts';
import {
  alertmanagerIndexName,
  alertmanagerSlotNames,
  dataKeys,
  identitiesName,
  prometheusConfigSlotName,
  prometheusIndexName,
  prometheusName,
  reportName,
  ruleSlotNames,
} from '../../render/names.ts';
import { slotBytes } from '../../render/workload/transport.ts';
import type { StackState } from '../fleet/stack-state.ts';
import type { KubeObject, ObjectKey } from '../object.ts';
import type { Breather } from '../ports.ts';
import type { BundleState } from '../rule-bundle/bundle-state.ts';
import { markRecovered } from './rules.ts';
import { declaredWorkloads } from './workloads.ts';

type Children = ReadonlyMap<string, KubeObject>;

/** A ConfigMap of the stack's namespace among its children. */
export function configMap(children: Children, namespace: string, name: string): KubeObject | undefined {
  return children.get(`v1 ConfigMap ${namespace}/${name}`);
}

function dataOf(object: KubeObject | undefined): Readonly<Record<string, string>> | undefined {
  return (object as { readonly data?: Readonly<Record<string, string>> } | undefined)?.data;
}

/** The index that the API holds, as hashes by slot name; empty when there is none that can be read. */
export function liveIndex(children: Children, namespace: string, name: string): ReadonlyMap<string, string> {
  const text = dataOf(configMap(children, namespace, name))?.[dataKeys.index];
  if (text === undefined) return new Map();
  try {
    return new Map(decodeIndex(text).slots.map((slot) => [slot.name, slot.hash]));
  } catch {
    return new Map();
  }
}

/** What a pod's reloader reports. A report that cannot be read counts as none: the reloader writes it anew. */
export function readReport(object: KubeObject | undefined): Report | undefined {
  const text = dataOf(object)?.[dataKeys.report];
  if (text === undefined) return undefined;
  try {
    return decodeReport(text);
  } catch {
    return undefined;
  }
}

/** What a pod's shipper reports, in the same object. */
export function readShipperReport(object: KubeObject | undefined): ShipperReport | undefined {
  const text = dataOf(object)?.[dataKeys.shipperReport];
  if (text === undefined) return undefined;
  try {
    return decodeShipperReport(text);
  } catch {
    return undefined;
  }
}

/** Slots beyond those in use that are looked at after a start. */
const spareSlots = 2;

/** Secrets that promfleet writes for this stack, as far as their names follow from what is declared or live. */
export function ownSecretKeys(stack: StackState, children: Children): ObjectKey[] {
  const { namespace, name } = stack.key;
  const names = new Set<string>([identitiesName(name)]);
  for (let shard = 0; shard < (stack.object.spec.prometheus?.shards ?? 1); shard++)
    names.add(prometheusConfigSlotName(name, shard));
  const prefix = `${prometheusName(name)}-`;
  for (const { kind, metadata } of children.values()) {
    // Reports are written before the Secrets of their pods, and go after them.
    const shard =
      kind !== 'ConfigMap' ? undefined : /^(\d+)-\d+-report$/.exec(metadata.name.slice(prefix.length))?.[1];
    if (shard !== undefined && metadata.name.startsWith(prefix))
      names.add(prometheusConfigSlotName(name, Number(shard)));
  }
  const slots = alertmanagerSlotNames(name);
  const known = [...liveIndex(children, namespace, alertmanagerIndexName(name)).keys()];
  const inUse = [...known, ...stack.alertmanagerBundle.packing.keys()].map((slot) => slots.indexOf(slot));
  // A crash may have come between writing the index and writing or removing a slot: low numbers are used first.
  const highest = Math.max(-1, ...inUse) + (stack.recovered ? 0 : spareSlots);
  for (const slot of stack.recovered ? inUse : slots.keys()) {
    if (slot >= 0 && slot <= highest) names.add(slots[slot]!);
  }
  return [...names].map((each) => ({ namespace, name: each }));
}

/** Reads both bundles back from what the API holds. */
export async function recoverBundles(
  stack: StackState,
  children: Children,
  breather: Breather,
): Promise<readonly string[]> {
  const { namespace, name } = stack.key;
  const damaged: string[] = [];
  const recover = async (
    bundle: BundleState,
    objects: readonly (KubeObject | undefined)[],
    index: string,
  ) => {
    const slots = objects.flatMap((object) => {
      const bytes = object === undefined ? undefined : slotBytes(object);
      return object === undefined || bytes === undefined ? [] : [{ name: object.metadata.name, bytes }];
    });
    const recovered = await bundle.recover(slots, breather);
    damaged.push(...recovered.damaged.map((slot) => slot.name));
    bundle.confirm(liveIndex(children, namespace, index));
  };
  const ruleSlots = ruleSlotNames(name).map((slot) => configMap(children, namespace, slot));
  await recover(stack.ruleBundle, ruleSlots, prometheusIndexName(name, 0));
  const secrets = alertmanagerSlotNames(name).map((slot) => stack.ownSecrets.get({ namespace, name: slot }));
  await recover(stack.alertmanagerBundle, secrets, alertmanagerIndexName(name));
  markRecovered(stack);
  stack.recovered = true;
  return damaged;
}

/**
 * Follows the declared replicas and takes over every report. Returns whether the set of replicas changed: then every
 * object's progress may have.
 */
export function followReplicas(stack: StackState, children: Children): boolean {
  const { namespace } = stack.key;
  const workloads = declaredWorkloads(stack.object);
  let changed = false;
  for (const server of ['prometheus', 'alertmanager'] as const) {
    const bundle = server === 'prometheus' ? stack.ruleBundle : stack.alertmanagerBundle;
    const pods = workloads
      .filter((workload) => workload.server === server)
      .flatMap(({ pods: names }) => names);
    changed = bundle.replicas.expect(pods) || changed;
    for (const pod of pods) {
      if (bundle.replicas.reportOf(pod) !== undefined) continue;
      bundle.report(pod, readReport(configMap(children, namespace, reportName(pod))));
    }
  }
  return changed;
}
