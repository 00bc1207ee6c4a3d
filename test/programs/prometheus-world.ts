/** A real Prometheus, a local API server and the reloader between them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runReloader } from '../../src/agents/reloader/run.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { MonitoringStack } from '../../src/crds/monitoring-stack.ts';
import { KubeClient } from '../../src/kube/client.ts';
import { UndiciTransport } from '../../src/kube/undici-transport.ts';
import { type ApiServer, startApiServer } from '../../src/local/apiserver/server.ts';
import { type IndexSlot, indexHash } from '../../src/render/bundle/bundle-index.ts';
import { decodeReport, type Report } from '../../src/render/bundle/report.ts';
import { type BundleFile, encodeSlot } from '../../src/render/bundle/slot.ts';
import { dataKeys, fieldManagers } from '../../src/render/names.ts';
import { indexManifest, reportManifest, slotManifest } from '../../src/render/workload/transport.ts';
import { freePort } from '../support/free-port.ts';
import { realProgram } from '../support/programs.ts';

export const stack: MonitoringStack = {
  apiVersion: 'promfleet.dev/v1alpha1',
  kind: 'MonitoringStack',
  metadata: { name: 'main', namespace: 'default' },
  spec: {},
};

const pod = 'main-prometheus-0-0';
const indexName = 'main-prometheus-0-index';
const root = join(import.meta.dirname, '..', '..');

export class PrometheusWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'promfleet-'));
  readonly configDir = join(this.folder, 'config');
  readonly #serviceAccountDir = join(this.folder, 'account');
  #api!: ApiServer;
  #client!: KubeClient;
  #server: ChildProcess | undefined;
  #agent: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;
  url = '';
  #lastIndex = '';

  async start(): Promise<void> {
    mkdirSync(this.configDir);
    mkdirSync(this.#serviceAccountDir);
    this.#api = await startApiServer();
    const connection = {
      server: this.#api.url,
      namespace: 'default',
      credentials: async () => ({ headers: {}, tls: {} }),
    };
    this.#client = new KubeClient({
      transport: new UndiciTransport(connection, systemClock),
      clock: systemClock,
      random: systemRandom,
    });
    await this.#apply(reportManifest(stack, pod, 'prometheus'));
    this.url = `http://127.0.0.1:${await freePort()}`;
  }

  /** Writes slots, then the index, as the operator does. Slots by name, contents by path. Returns the index's hash. */
  async publish(bundle: Readonly<Record<string, Readonly<Record<string, string>>>>): Promise<string> {
    const slots: IndexSlot[] = [];
    for (const [name, contents] of Object.entries(bundle)) {
      const files = Object.entries(contents).map(([path, content]): BundleFile => ({ path, content }));
      const { hash, bytes } = encodeSlot(files);
      const kind = name.includes('rules') ? 'ConfigMap' : 'Secret';
      await this.#apply(slotManifest(stack, { kind, name, bytes }));
      slots.push({ kind, name, hash });
    }
    const manifest = indexManifest(stack, indexName, 'prometheus', { slots });
    await this.#apply(manifest);
    this.#lastIndex = indexHash((manifest.data as Record<string, string>)[dataKeys.index]!);
    return this.#lastIndex;
  }

  agentArgs(): readonly string[] {
    return [
      'reloader',
      '--server=prometheus',
      '--namespace=default',
      `--index=${indexName}`,
      `--report=${pod}-report`,
      `--config-dir=${this.configDir}`,
      `--service-account-dir=${this.#serviceAccountDir}`,
    ];
  }

  agentEnvironment(): Readonly<Record<string, string>> {
    return { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(this.#api.port) };
  }

  #options(init: boolean, signal: AbortSignal) {
    return {
      init,
      server: 'prometheus',
      serverUrl: this.url,
      namespace: 'default',
      index: indexName,
      report: `${pod}-report`,
      configDir: this.configDir,
      serviceAccountDir: this.#serviceAccountDir,
      listenAddress: undefined,
      agentVersion: '0.1.0',
      environment: this.agentEnvironment(),
      log: silentLogger,
      signal,
    } as const;
  }

  async init(): Promise<void> {
    await runReloader(this.#options(true, new AbortController().signal));
  }

  startAgent(): void {
    const stop = new AbortController();
    this.#agent = { stop, ended: runReloader(this.#options(false, stop.signal)) };
  }

  async stopAgent(): Promise<void> {
    this.#agent?.stop.abort();
    await this.#agent?.ended;
    this.#agent = undefined;
  }

  /** The agent as a process of its own, through the command line. */
  spawnAgent(...args: readonly string[]): ChildProcess {
    return spawn(join(root, 'bin/promfleet'), [...this.agentArgs(), `--server-url=${this.url}`, ...args], {
      env: { ...process.env, ...this.agentEnvironment() },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }

  async startServer(): Promise<void> {
    const args = [
      `--config.file=${join(this.configDir, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(this.folder, 'data')}`,
      `--web.listen-address=${new URL(this.url).host}`,
      '--web.enable-lifecycle',
      '--log.level=error',
    ];
    this.#server = spawn(await realProgram('prometheus'), args, {
      env: { ...process.env, POD_NAME: pod },
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    await this.until(
      'Prometheus is ready',
      async () => (await fetch(`${this.url}/-/ready`).catch(() => undefined))?.ok,
    );
  }

  async killServer(): Promise<void> {
    const server = this.#server;
    if (server === undefined || server.exitCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGKILL');
    await ended;
  }

  async report(): Promise<Report | undefined> {
    const object = await this.#client.get<{
      apiVersion: string;
      kind: string;
      metadata: object;
      data?: Record<string, string>;
    }>({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: `${pod}-report` });
    const text = object.data?.[dataKeys.report];
    return text === undefined ? undefined : decodeReport(text);
  }

  /** The report speaks of the newest index. */
  async reported(): Promise<Report> {
    return await this.until('the newest index is reported', async () => {
      const report = await this.report();
      return report?.indexHash === this.#lastIndex || report?.refusedIndexHash === this.#lastIndex
        ? report
        : undefined;
    });
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}${path}`);
    return ((await response.json()) as { data: T }).data;
  }

  /** Names of the rule groups that run. */
  async groups(): Promise<readonly string[]> {
    const { groups } = await this.get<{ groups: { name: string }[] }>('/api/v1/rules');
    return groups.map(({ name }) => name).sort();
  }

  async until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
    for (let turn = 0; turn < 1500; turn++) {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      await systemClock.sleep(20);
    }
    throw new Error(`never happened: ${what}`);
  }

  async stop(): Promise<void> {
    await this.stopAgent();
    await this.killServer();
    await this.#api.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #apply(manifest: Parameters<KubeClient['apply']>[0]): Promise<void> {
    await this.#client.apply(manifest, { fieldManager: fieldManagers.operator, force: true });
  }

  writeFile(path: string, text: string): void {
    writeFileSync(join(this.folder, path), text);
  }
}
