/** The objects that carry a bundle to the pods and the pods' reports back. */
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { type BundleIndex, encodeIndex, type SlotKind } from '../bundle/bundle-index.ts';
import { dataKeys, reportName, type Server } from '../names.ts';
import { childMetadata, type Manifest } from './manifest.ts';

/** One slot with its packed bytes, as ConfigMap or as Secret. */
export function slotManifest(
  stack: MonitoringStack,
  slot: {
    readonly kind: SlotKind;
    readonly name: string;
    readonly bytes: Uint8Array;
    readonly server?: Server;
  },
): Manifest {
  const data = { [dataKeys.slot]: Buffer.from(slot.bytes).toString('base64') };
  const metadata = childMetadata(stack, slot.name, slot.server === undefined ? {} : { server: slot.server });
  return slot.kind === 'Secret'
    ? { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data }
    : { apiVersion: 'v1', kind: 'ConfigMap', metadata, binaryData: data };
}

export function indexManifest(
  stack: MonitoringStack,
  name: string,
  server: Server,
  index: BundleIndex,
): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: childMetadata(stack, name, { server }),
    data: { [dataKeys.index]: encodeIndex(index) },
  };
}

/** The report of one pod, created without data: the data belongs to the pod's reloader. */
export function reportManifest(stack: MonitoringStack, pod: string, server: Server): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: childMetadata(stack, reportName(pod), { server }) };
}

/** Bytes of a slot as read from the API; undefined when the object carries none. */
export function slotBytes(object: {
  readonly binaryData?: Readonly<Record<string, string>>;
  readonly data?: Readonly<Record<string, string>>;
  readonly kind?: string;
}): Uint8Array | undefined {
  const text = object.binaryData?.[dataKeys.slot] ?? object.data?.[dataKeys.slot];
  return text === undefined ? undefined : Buffer.from(text, 'base64');
}

/**
 * Rules for the reloaders of one server kind: read the named indexes and slots, fill the named reports, nothing else.
 * A watch of one named object passes RBAC by its field selector on `metadata.name`.
 */
export function agentRules(names: {
  readonly indexes: readonly string[];
  readonly configMapSlots: readonly string[];
  readonly secretSlots: readonly string[];
  readonly reports: readonly string[];
}): readonly Record<string, unknown>[] {
  const rule = (resource: string, verbs: readonly string[], resourceNames: readonly string[]) => ({
    apiGroups: [''],
    resources: [resource],
    verbs,
    resourceNames,
  });
  return [
    rule('configmaps', ['get', 'list', 'watch'], names.indexes),
    rule('configmaps', ['get'], names.configMapSlots),
    rule('secrets', ['get'], names.secretSlots),
    rule('configmaps', ['get', 'patch'], names.reports),
  ].filter(({ resourceNames }) => resourceNames.length > 0);
}
