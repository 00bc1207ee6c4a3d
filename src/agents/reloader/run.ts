import { join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import { systemRandom } from '../../base/random.ts';
import { KubeClient } from '../../kube/client.ts';
import type { ClusterConnection } from '../../kube/connection.ts';
import { inClusterConnection } from '../../kube/in-cluster.ts';
import type { DrainReport } from '../../render/bundle/shipper-report.ts';
import type { Server } from '../../render/names.ts';
import type { DrainProgress } from '../shipper/drain/drainer.ts';
import type { ShipperSettings } from '../shipper/run.ts';
import { AlertmanagerServer } from './alertmanager-server.ts';
import { ConfigFolder } from './config-folder.ts';
import { openTls, reloaderMetrics, serveEndpoint } from './endpoint.ts';
import type { ClientTls } from './http-call.ts';
import { writeInitialFiles } from './init.ts';
import { kubeBundle, watchIndex } from './kube-bundle.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { serveLoopback } from './loopback.ts';
import { nodeFiles } from './node-files.ts';
import { NodeTransport } from './node-transport.ts';
import type { ManagedServer } from './ports.ts';
import { PrometheusServer } from './prometheus-server.ts';
import { drainToken, QuietBundle } from './quiet.ts';
import { Reloader } from './reloader.ts';
import { ReportWriter } from './report-writer.ts';
import { kubeconfigFile, serverKinds } from './server-kind.ts';
import { Signal } from './signal.ts';

export type ShippingOptions = Pick<ShipperSettings, 'tsdbDir' | 'place' | 'compacted' | 'bytesPerSecond'>;

/** A folder with the identity of a pod, the name that its stack's servers prove, and those of clients that are let in. */
export interface AgentTls {
  readonly dir: string;
  readonly serverName: string;
  readonly clients: readonly string[];
}

export interface ReloaderOptions {
  readonly init: boolean;
  readonly server: Server;
  readonly serverUrl: string | undefined;
  readonly namespace: string;
  readonly index: string;
  readonly report: string;
  readonly configDir: string;
  readonly serviceAccountDir: string;
  /** `host:port` of the health and metrics endpoint; none when undefined. */
  readonly listenAddress: string | undefined;
  /** Certificates by which the server, and this agent, know their clients; undefined: neither asks. */
  readonly tls?: AgentTls | undefined;
  /** `host:port`, on loopback, where the server may be read without a certificate; none when undefined. */
  readonly loopbackListen?: string | undefined;
  /** Where the blocks of the server go; undefined: nowhere. */
  readonly shipping?: ShippingOptions | undefined;
  readonly agentVersion: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Runs the init step to its end, or the sidecar until aborted. */
export async function runReloader(options: ReloaderOptions): Promise<void> {
  const { log, namespace, index, report, signal } = options;
  const clock = systemClock;
  const random = systemRandom;
  const connection = await inClusterConnection({
    host: options.environment.KUBERNETES_SERVICE_HOST,
    port: options.environment.KUBERNETES_SERVICE_PORT,
    serviceAccountDir: options.serviceAccountDir,
  });
  const transport = new NodeTransport(connection, clock);
  const client = new KubeClient({ transport, clock, random, userAgent: 'promfleet-reloader' });
  const names = { namespace, index, report };
  const bundle = kubeBundle(client, names);
  const pod = options.environment.POD_NAME ?? '';
  const source = new QuietBundle(bundle, pod);
  const kind = serverKinds[options.server];
  const files = nodeFiles(options.configDir);
  const folder = new ConfigFolder(files, [kubeconfigFile]);
  if (kind.discovers) await writeKubeconfig(files, connection, options);
  try {
    if (options.init) {
      await writeInitialFiles({ source, reports: bundle.reports, folder, kind, clock, random, log }, signal);
      return;
    }
    const tls = options.tls === undefined ? undefined : openTls(options.tls);
    const server = managedServer(options, tls?.client);
    const reports = new ReportWriter({ store: bundle.reports, clock, random, log });
    const reloader = new Reloader({
      source,
      folder,
      server,
      reports,
      kind,
      agentVersion: options.agentVersion,
      clock,
      random,
      log,
    });
    const shipping =
      options.shipping === undefined ? undefined : await openShipping(options.shipping, options, tls?.client);
    const shipperReports = new ReportWriter({ store: bundle.shipperReports, clock, random, log });
    const wish = shipping === undefined ? undefined : new shipping.DrainWish();
    const wake = new Signal();
    let newest: string | undefined;
    const follow = (text: string | undefined) => {
      newest = text;
      wake.raise();
    };
    /** The index reaches the reloader as it is for this pod, which may take requests. */
    const translate = async (ending: AbortSignal) => {
      while (!ending.aborted) {
        await wake.wait(ending);
        const text = newest;
        if (text === undefined) continue;
        try {
          wish?.set(drainToken(text, pod));
          reloader.indexChanged(await source.indexFor(text, ending));
        } catch (error) {
          if (ending.aborted) return;
          log.warn({ error: describeError(error) }, 'the index could not be followed');
          await clock.sleep(limits.drainPollMs, ending).catch(() => {});
          wake.raise();
        }
      }
    };
    await together(signal, (ending) => {
      const tasks = [
        reloader.run(ending),
        reloader.runHealth(ending),
        reports.run(ending),
        translate(ending),
        watchIndex(client, names, (text) => follow(text), { signal: ending, log }),
      ];
      const { listenAddress } = options;
      const metrics = () => reloaderMetrics(reloader) + (shipping?.metrics() ?? '');
      if (listenAddress !== undefined)
        tasks.push(
          serveEndpoint(listenAddress, metrics, {
            signal: ending,
            clock,
            tls,
            serverReady: async () => (await server.state(ending)) === 'ready',
          }),
        );
      const { loopbackListen, serverUrl } = options;
      if (loopbackListen !== undefined && serverUrl !== undefined)
        tasks.push(serveLoopback(loopbackListen, { url: serverUrl, tls: tls?.client, metrics }, ending));
      if (shipping !== undefined) {
        const publish = (text: string) => shipperReports.set(text);
        tasks.push(shipping.run(wish!, publish, ending), shipperReports.run(ending));
      }
      return tasks;
    });
  } catch (error) {
    log.error(
      { error: describeError(error) },
      options.init ? 'no files could be written' : 'the reloader ends',
    );
    throw error;
  } finally {
    await transport.close();
  }
}

/** Runs tasks that end only by `signal`; when one fails all end, so that the process can be started anew. */
async function together(
  signal: AbortSignal,
  start: (ending: AbortSignal) => readonly Promise<void>[],
): Promise<void> {
  const failed = new AbortController();
  const tasks = start(AbortSignal.any([signal, failed.signal]));
  try {
    await Promise.all(tasks);
  } finally {
    failed.abort();
    await Promise.allSettled(tasks);
  }
}

/** Loaded only where blocks are shipped: buckets take memory. */
async function openShipping(
  shipping: ShippingOptions,
  { serverUrl, log }: ReloaderOptions,
  tls: ClientTls | undefined,
) {
  const [{ openShipper }, { DrainWish, reportText, runDrains, runSidecar }, { shipperMetrics }] =
    await Promise.all([
      import('../shipper/run.ts'),
      import('../shipper/sidecar.ts'),
      import('../shipper/metrics-text.ts'),
    ]);
  const { shipper, bucket, close } = openShipper({
    ...shipping,
    labels: undefined,
    prometheusUrl: serverUrl,
    tls,
    source: 'sidecar',
    log,
  });
  return {
    metrics: () => shipperMetrics(shipper.state),
    DrainWish,
    async run(
      wish: InstanceType<typeof DrainWish>,
      publish: (text: string) => void,
      ending: AbortSignal,
    ): Promise<void> {
      let drained: DrainReport | undefined;
      const report = () => publish(reportText(shipper, drained));
      const drain = async (tell: (progress: DrainProgress) => void, until: AbortSignal) => {
        // Loaded only then: reading from the server takes another client.
        const { drainPorts } = await import('../shipper/drain/open.ts');
        const { Drainer } = await import('../shipper/drain/drainer.ts');
        const ports = drainPorts({
          serverUrl: serverUrl ?? '',
          tls,
          tsdbDir: shipping.tsdbDir,
          bucket,
          shipAll: (each) => shipper.everything(each),
          clock: systemClock,
          random: systemRandom,
          log,
        });
        await new Drainer(ports, tell).run(until);
      };
      const tell = (next: DrainReport | undefined) => {
        drained = next;
        report();
      };
      await Promise.all([
        runSidecar(shipper, { report, clock: systemClock, log }, ending),
        runDrains(wish, drain, tell, ending),
      ]).finally(close);
    },
  };
}

function managedServer(options: ReloaderOptions, tls: ClientTls | undefined): ManagedServer {
  const url = options.serverUrl;
  if (url === undefined) throw new CodedError('ConfigInvalid', '--server-url is missing');
  return options.server === 'prometheus'
    ? new PrometheusServer({ url, tls, configDir: options.configDir })
    : new AlertmanagerServer({ url, tls });
}

/** Written in one step: the server may read it at any moment. */
async function writeKubeconfig(
  files: ReturnType<typeof nodeFiles>,
  connection: ClusterConnection,
  options: ReloaderOptions,
): Promise<void> {
  const { tls, headers } = await connection.credentials();
  const text = kubeconfigText({
    server: connection.server,
    namespace: options.namespace,
    caFile: tls.ca === undefined ? undefined : join(options.serviceAccountDir, 'ca.crt'),
    tokenFile: headers.authorization === undefined ? undefined : join(options.serviceAccountDir, 'token'),
  });
  if ((await files.read(kubeconfigFile)) === text) return;
  const temporary = `.promfleet/${kubeconfigFile}.tmp`;
  await files.write(temporary, text);
  await files.rename(temporary, kubeconfigFile);
}
