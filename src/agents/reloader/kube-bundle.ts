import type { Logger } from '../../base/log.ts';
import type { KubeClient } from '../../kube/client.ts';
import { listWatch } from '../../kube/list-watch.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { IndexSlot } from '../../render/bundle/bundle-index.ts';
import { dataKeys, fieldManagers } from '../../render/names.ts';
import type { BundleSource, ReportStore } from './ports.ts';

interface DataObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

export interface BundleNames {
  readonly namespace: string;
  readonly index: string;
  readonly report: string;
}

/** The bundle through the Kubernetes API: reads named objects, lists nothing but its index. */
export function kubeBundle(
  client: KubeClient,
  names: BundleNames,
): BundleSource & { readonly reports: ReportStore; readonly shipperReports: ReportStore } {
  const { namespace } = names;
  const ref = (kind: 'ConfigMap' | 'Secret', name: string) => ({ apiVersion: 'v1', kind, namespace, name });
  return {
    async readIndex(signal) {
      return indexText(await client.find<DataObject>(ref('ConfigMap', names.index), { signal }));
    },
    async readSlot(slot: IndexSlot, signal) {
      const object = await client.find<DataObject>(ref(slot.kind, slot.name), { signal });
      const text =
        slot.kind === 'Secret' ? object?.data?.[dataKeys.slot] : object?.binaryData?.[dataKeys.slot];
      return text === undefined ? undefined : Buffer.from(text, 'base64');
    },
    reports: reportStore(client, names, dataKeys.report),
    shipperReports: reportStore(client, names, dataKeys.shipperReport),
  };
}

/** One key of the pod's report object. */
function reportStore(client: KubeClient, { namespace, report: name }: BundleNames, key: string): ReportStore {
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name };
  return {
    async read(signal) {
      return (await client.find<DataObject>(ref, { signal }))?.data?.[key];
    },
    async write(text, signal) {
      const options = { fieldManager: fieldManagers.reloader, signal };
      await client.mergePatch(ref, { data: { [key]: text } }, options);
    },
  };
}

/** Calls `changed` with the text of the index at once and after every change, until aborted. */
export async function watchIndex(
  client: KubeClient,
  names: BundleNames,
  changed: (text: string | undefined) => void,
  options: { readonly signal: AbortSignal; readonly log: Logger },
): Promise<void> {
  const { index: name, namespace } = names;
  const selection = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    namespace,
    fieldSelector: `metadata.name=${name}`,
  };
  const take = (object: DataObject) => {
    if (object.metadata.name === name) changed(indexText(object));
  };
  await listWatch<DataObject>(
    client,
    selection,
    { page: (items) => items.forEach(take), listed: () => {}, upserted: take, deleted: () => {} },
    options.signal,
    { log: options.log },
  );
}

function indexText(object: DataObject | undefined): string | undefined {
  return object?.data?.[dataKeys.index];
}
