import { gunzipSync, gzipSync } from 'node:zlib';
import { CorruptDataError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import {
  parseRetentionDocument,
  type RetentionDocument,
} from '../../storage-engine/format/retention-document.ts';
import type { RetentionOrder } from '../../storage-engine/format/retention-report.ts';
import { dataKeys, retentionName } from '../names.ts';
import { childMetadata, type Manifest } from '../workload/manifest.ts';

/** The ConfigMap that tells the compactor what is to live how long. */
export function retentionManifest(stack: MonitoringStack, order: RetentionOrder): Manifest {
  const bytes = gzipSync(JSON.stringify(order), { level: 6 });
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: childMetadata(stack, retentionName(stack.metadata.name), { server: 'compactor' }),
    binaryData: { [dataKeys.retention]: bytes.toString('base64') },
  };
}

/** The order in such a ConfigMap; undefined where it carries none. Throws CorruptDataError. */
export function retentionOrderOf(object: {
  readonly binaryData?: Readonly<Record<string, string>>;
}): RetentionOrder | undefined {
  const text = object.binaryData?.[dataKeys.retention];
  if (text === undefined) return undefined;
  const what = `ConfigMap key ${dataKeys.retention}`;
  let order: { readonly document?: unknown; readonly previews?: unknown; readonly servers?: unknown } | null;
  try {
    const json = gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: limits.retentionDocumentBytes });
    order = JSON.parse(json.toString('utf8')) as typeof order;
  } catch (cause) {
    throw new CorruptDataError(`${what}: cannot be unpacked`, { cause });
  }
  const document: RetentionDocument = parseRetentionDocument(JSON.stringify(order?.document ?? null), what);
  if (!Array.isArray(order?.previews)) throw new CorruptDataError(`${what}: previews is not a list`);
  const previews = order.previews as RetentionOrder['previews'];
  const servers = order.servers as RetentionOrder['servers'];
  return { document, previews, ...(servers !== undefined && { servers }) };
}
