import { systemClock } from '../../base/clock.ts';
import { CodedError, describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import { KubeClient } from '../../kube/client.ts';
import { inClusterConnection } from '../../kube/in-cluster.ts';
import { listWatch } from '../../kube/list-watch.ts';
import type { KubeObject } from '../../kube/object.ts';
import { retentionOrderOf } from '../../render/compactor/retention-object.ts';
import { dataKeys, fieldManagers } from '../../render/names.ts';
import type { Bucket } from '../../storage-engine/bucket/bucket.ts';
import { NodeTransport } from '../reloader/node-transport.ts';
import { ReportWriter } from '../reloader/report-writer.ts';
import { RetentionAgent } from './retention-agent.ts';

export interface RetentionOptions {
  readonly bucket: Bucket;
  /** `namespace/name` of the ConfigMaps with the order and for the report. */
  readonly order: string;
  readonly report: string;
  readonly serviceAccountDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
}

interface DataObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

/** Follows the stack's order through the Kubernetes API and reports in it, until aborted. */
export async function runRetention(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { bucket, log, environment } = options;
  const [clock, random] = [systemClock, systemRandom];
  const connection = await inClusterConnection({
    host: environment.KUBERNETES_SERVICE_HOST,
    port: environment.KUBERNETES_SERVICE_PORT,
    serviceAccountDir: options.serviceAccountDir,
  });
  const transport = new NodeTransport(connection, clock);
  const client = new KubeClient({ transport, clock, random, userAgent: 'promfleet-compactor' });
  const [order, report] = [refOf(options.order), refOf(options.report)];
  const writer = new ReportWriter({
    store: {
      read: async (ending) =>
        (await client.find<DataObject>(report, { signal: ending }))?.data?.[dataKeys.report],
      write: async (text, ending) => {
        const by = { fieldManager: fieldManagers.reloader, signal: ending };
        await client.mergePatch(report, { data: { [dataKeys.report]: text } }, by);
      },
    },
    clock,
    random,
    log,
  });
  const agent = new RetentionAgent({ bucket, clock, log, report: (text) => writer.set(text) });
  const take = (object: DataObject) => {
    if (object.metadata.name !== order.name) return;
    try {
      agent.ordered(retentionOrderOf(object));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      // The operator writes it anew; what was ordered before stays in force.
      log.error({ error: describeError(error) }, 'the retention order cannot be read');
    }
  };
  const selection = { ...order, fieldSelector: `metadata.name=${order.name}` };
  const sink = {
    page: (items: readonly DataObject[]) => items.forEach(take),
    listed() {},
    upserted: take,
    deleted() {},
  };
  try {
    await Promise.all([
      agent.run(signal),
      writer.run(signal),
      listWatch<DataObject>(client, selection, sink, signal, { log }),
    ]);
  } finally {
    await transport.close();
  }
}

function refOf(text: string) {
  const [namespace, name, ...more] = text.split('/');
  if (namespace === undefined || name === undefined || namespace === '' || name === '' || more.length > 0)
    throw new CodedError('InvalidOption', `${JSON.stringify(text)} is not namespace/name`);
  return { apiVersion: 'v1', kind: 'ConfigMap', namespace, name };
}
