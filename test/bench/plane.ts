import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import { kubeconfigConnection } from '../../src/kube/kubeconfig.ts';
import { startNode } from '../../src/local/node/node.ts';
import { ensureProgram } from '../../src/local/programs/ensure.ts';
import { kubeconfigText, readAccess } from '../../src/local/up/endpoint.ts';
import { layoutOf } from '../../src/local/up/layout.ts';
import { type OwnProgram, ownProgram } from '../../src/local/up/own-program.ts';
import { freePort } from '../support/free-port.ts';
import { eventually } from '../support/operator-run.ts';
import { installCrds } from '../support/reconcile-server.ts';
import { StandInReplicas } from '../support/stand-in-replicas.ts';

const root = join(import.meta.dirname, '..', '..');

/** Period of the timer that measures delays of the loop; a part of every delay that is told. */
const loopResolutionMs = 10;

/** A control plane with API server and operator as processes of their own, and a node in this process. */
export class BenchPlane {
  readonly stateDir: string;
  readonly client: KubeClient;
  readonly #own: OwnProgram;
  readonly #api: ChildProcess;
  readonly #node: { stop(): Promise<void> };
  #operator: ChildProcess | undefined;
  #operatorUrl = '';
  #longestDelayMs = 0;

  private constructor(
    stateDir: string,
    client: KubeClient,
    own: OwnProgram,
    api: ChildProcess,
    node: { stop(): Promise<void> },
  ) {
    this.stateDir = stateDir;
    this.client = client;
    this.#own = own;
    this.#api = api;
    this.#node = node;
  }

  static async start(options: { readonly standIn: boolean }): Promise<BenchPlane> {
    // Below the checkout, so that a copy of the program finds its packages.
    const stateDir = join(root, '.promfleet', `bench-${process.pid}`);
    await rm(stateDir, { recursive: true, force: true });
    const layout = layoutOf(stateDir);
    await mkdir(layout.system, { recursive: true });
    const own = await ownProgram(join(root, 'dist', 'main.js'), layout);
    const port = await freePort();
    const access = await readAccess(layout, systemClock);
    const api = launch(
      own,
      ['local', 'apiserver', '--state-dir', stateDir, '--port', String(port)],
      join(stateDir, 'api.log'),
    );
    await writeFile(layout.kubeconfig, kubeconfigText(port, access));
    const connection = await kubeconfigConnection(layout.kubeconfig, {});
    const client = connect(connection, {
      clock: systemClock,
      random: systemRandom,
      limits: { requestsPerSecond: 5000, burst: 5000, inFlight: 64 },
    });
    await eventually('the API server answers', () =>
      client.serverVersion().then(
        () => true,
        () => false,
      ),
    );
    await installCrds(client);
    if (options.standIn) return new BenchPlane(stateDir, client, own, api, playReplicas(client));
    const cacheDir = join(root, '.promfleet', 'programs');
    const node = await startNode({
      client,
      stateDir: layout.node,
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
      apiServer: { host: '127.0.0.1', port, caCertificate: access.certificate },
      program: async (name) =>
        name === 'promfleet'
          ? { file: own.file, args: [...profileArgs('agent'), ...own.args] }
          : { file: await ensureProgram(name, { cacheDir }), args: [] },
      environment: process.env,
    });
    await node.started;
    return new BenchPlane(stateDir, client, own, api, node);
  }

  /** Starts the operator and returns at once. */
  async startOperator(): Promise<void> {
    const port = await freePort();
    this.#operatorUrl = `http://127.0.0.1:${port}`;
    const args = [
      'operator',
      `--kubeconfig=${join(this.stateDir, 'kubeconfig')}`,
      '--platform-namespace=monitoring',
      '--allow-loopback',
      `--metrics-listen=127.0.0.1:${port}`,
      '--leader-elect',
      '--lease-namespace=default',
      '--kube-qps=2000',
    ];
    this.#operator = launch(this.#own, args, join(this.stateDir, 'operator.log'));
  }

  async stopOperator(): Promise<void> {
    await end(this.#operator, 'SIGTERM');
    this.#operator = undefined;
  }

  /** Largest resident size of the operator's process so far. */
  operatorPeakBytes(): number {
    return peakBytes(this.#operator?.pid ?? 0);
  }

  /** Values of a metric of the operator, by label text. */
  async operatorMetric(name: string): Promise<ReadonlyMap<string, number>> {
    const text = await fetch(`${this.#operatorUrl}/metrics`).then((answer) => answer.text());
    // Each answer tells the longest delay since the one before.
    const delay = Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1] ?? 0) * 1000;
    this.#longestDelayMs = Math.max(this.#longestDelayMs, delay - loopResolutionMs);
    return new Map(
      text
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
        .map((line) => [
          line.slice(name.length, line.lastIndexOf(' ')),
          Number(line.slice(line.lastIndexOf(' ') + 1)),
        ]),
    );
  }

  /** Longest time since the last call that the operator's main thread, which renews the Lease, kept a timer waiting. */
  async takeLongestDelayMs(): Promise<number> {
    await this.operatorMetric('nodejs_eventloop_lag_max_seconds');
    const longest = this.#longestDelayMs;
    this.#longestDelayMs = 0;
    return longest;
  }

  async operatorWrites(): Promise<number> {
    return sum((await this.operatorMetric('promfleet_operator_writes_total')).values());
  }

  /** Whether the operator leads and all its queues are empty, now. */
  async operatorIdle(): Promise<boolean> {
    try {
      const status = (await fetch(`${this.#operatorUrl}/readyz`).then((answer) => answer.json())) as {
        ready: boolean;
        leading: boolean;
        queued: Record<string, number>;
      };
      return status.ready && status.leading && sum(Object.values(status.queued)) === 0;
    } catch {
      return false;
    }
  }

  /** URL of a pod's web port. */
  async podUrl(namespace: string, name: string, port: number): Promise<string> {
    const pod = await this.client.get<{ status?: { podIP?: string } } & Parameters<KubeClient['create']>[0]>({
      apiVersion: 'v1',
      kind: 'Pod',
      namespace,
      name,
    });
    return `http://${pod.status?.podIP}:${port}`;
  }

  async stop(): Promise<void> {
    await this.stopOperator();
    await this.#node.stop();
    await this.client.close();
    await end(this.#api, 'SIGTERM');
    await rm(this.stateDir, { recursive: true, force: true });
  }
}

export function peakBytes(pid: number): number {
  const match = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) * 1024;
}

/** Pods that only report, so that the operator is measured without its servers. */
function playReplicas(client: KubeClient): { stop(): Promise<void> } {
  const replicas = new StandInReplicas({ client, namespace: 'monitoring' });
  let stopped = false;
  const playing = (async () => {
    while (!stopped) {
      await replicas.step().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  })();
  return {
    async stop() {
      stopped = true;
      await playing;
    },
  };
}

function launch(own: OwnProgram, args: readonly string[], logFile: string): ChildProcess {
  const child = spawn(
    own.file,
    [...(args[0] === 'operator' ? profileArgs('operator') : []), ...own.args, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const log = createWriteStream(logFile, { flags: 'a' });
  child.stdout?.pipe(log);
  child.stderr?.pipe(log);
  return child;
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await exited;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** With BENCH_PROFILE=<folder> the parts of BENCH_PROFILE_WHAT (`operator,agent`; by default the operator) leave a CPU profile when they end. */
function profileArgs(part: 'operator' | 'agent'): string[] {
  const { BENCH_PROFILE: folder, BENCH_PROFILE_WHAT: parts = 'operator' } = process.env;
  return folder === undefined || !parts.includes(part)
    ? []
    : ['--cpu-prof', `--cpu-prof-dir=${folder}/${part}`];
}
