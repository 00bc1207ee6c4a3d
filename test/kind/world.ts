import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually.ts';
import { helmProgram } from '../support/helm.ts';
import type { Cluster } from './target.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
export const chart = join(root, 'charts/promfleet');
export const system = 'promfleet-system';
export const release = ['promfleet', chart, '-n', system] as const;
export const settings = ['--set', 'platformNamespaces={monitoring}', '--wait', '--timeout', '180s'] as const;
/** How long anything may take on a busy machine. */
export const patienceMs = 240_000;

interface ContainerStatus {
  readonly name: string;
  readonly restartCount: number;
}

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Pod {
  readonly metadata: Metadata;
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
  readonly status: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export interface Answer {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [number, string];
    }[];
  };
  readonly warnings?: readonly string[];
}

interface AlertmanagerAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly state: string };
}

export const isReady = ({ status }: Pod) =>
  status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;

/** What the steps of the suite do to a cluster and ask of it. */
export class World {
  readonly cluster: Cluster;
  readonly folder = mkdtempSync(join(tmpdir(), 'promfleet-world-'));

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  async stop(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
    await this.cluster.stop();
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return this.cluster.kubectl(...args);
  }

  async helm(...args: readonly string[]): Promise<string> {
    const env = { ...process.env, KUBECONFIG: this.cluster.kubeconfig };
    return (await run(await helmProgram(), [...args], { env })).stdout;
  }

  async promfleet(...args: readonly string[]): Promise<string> {
    const program = join(root, 'bin/promfleet');
    return (await run(program, [...args, '--kubeconfig', this.cluster.kubeconfig])).stdout;
  }

  async get<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.kubectl('get', ...args, '-o', 'json')) as T;
  }

  async apply(...objects: readonly object[]): Promise<void> {
    const file = join(this.folder, 'objects.json');
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    await this.kubectl('apply', '--server-side', '--force-conflicts', '-f', file);
  }

  async patch(namespace: string, object: string, patch: object): Promise<void> {
    await this.kubectl('patch', '-n', namespace, object, '--type=merge', '-p', JSON.stringify(patch));
  }

  async pods(namespace: string, ...selector: readonly string[]): Promise<readonly Pod[]> {
    return (await this.get<{ items: readonly Pod[] }>('pods', '-n', namespace, ...selector)).items;
  }

  /** An answer of a Service of the stack's namespace, through the API server. */
  async ask<T>(service: string, path: string): Promise<T> {
    const url = `/api/v1/namespaces/monitoring/services/${service}/proxy${path}`;
    return JSON.parse(await this.kubectl('get', '--raw', url)) as T;
  }

  async askPod<T>(pod: string, port: number, path: string): Promise<T> {
    const url = `/api/v1/namespaces/monitoring/pods/${pod}:${port}/proxy${path}`;
    return JSON.parse(await this.kubectl('get', '--raw', url)) as T;
  }

  async query(expression: string, more = ''): Promise<Answer> {
    return await this.ask<Answer>(
      'main-query:http',
      `/api/v1/query?query=${encodeURIComponent(expression)}${more}`,
    );
  }

  /** Waits until `check` holds. */
  until(what: string, check: () => Promise<boolean>): Promise<true> {
    return eventually(what, async () => ((await check()) ? true : undefined), patienceMs);
  }

  untilReady(namespace: string, object: string): Promise<string> {
    return eventually(
      `${object} to be ready`,
      () => this.kubectl('wait', '-n', namespace, '--for=condition=Ready', object, '--timeout=10s'),
      patienceMs,
    );
  }

  /** Every object of the quickstart is ready. */
  async everythingReady(): Promise<void> {
    await this.untilReady('monitoring', 'monitoringstack/main');
    await this.untilReady('checkout', 'alertruleset/checkout');
    await this.untilReady('checkout', 'alertroute/checkout');
    await this.untilReady('payments', 'alertruleset/payments');
    await this.untilReady('payments', 'silence/maintenance');
  }

  /** An answer to which every source has given its part. */
  async wholeAnswer(): Promise<Answer> {
    return await eventually(
      'an answer over both replicas',
      async () => {
        const answer = await this.query('up');
        return answer.data.result.length > 5 && answer.warnings === undefined ? answer : undefined;
      },
      patienceMs,
    );
  }

  /** Pods of servers and how often their containers were started. */
  async serverRuns(): Promise<Readonly<Record<string, string>>> {
    const found = await this.pods('monitoring', '-l', 'app.kubernetes.io/managed-by=promfleet');
    return Object.fromEntries(
      found.map(({ metadata, status }) => [
        metadata.name,
        `${metadata.uid} ${(status.containerStatuses ?? []).map((each) => each.restartCount).join(',')}`,
      ]),
    );
  }

  /** How often a container was started again. */
  async restarts(pod: string, container: string): Promise<number> {
    const [found] = await this.pods('monitoring', '--field-selector', `metadata.name=${pod}`);
    const { containerStatuses = [], initContainerStatuses = [] } = found?.status ?? {};
    const status = [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === container);
    if (status === undefined) throw new Error(`${pod} has no container ${container}`);
    return status.restartCount;
  }

  /** States of an alert in one Alertmanager. */
  async alertStates(pod: string, alertname: string): Promise<readonly string[]> {
    const alerts = await this.askPod<readonly AlertmanagerAlert[]>(pod, 9093, '/api/v2/alerts');
    return alerts.filter(({ labels }) => labels.alertname === alertname).map(({ status }) => status.state);
  }

  /** What a person would look at after a failure. */
  async look(): Promise<string> {
    const commands = [
      ['get', 'pods,pvc', '-A', '-o', 'wide'],
      ['get', 'events', '-A', '--sort-by=.lastTimestamp'],
      ['get', 'mstack,ars,aroute,sil', '-A', '-o', 'yaml'],
      ['logs', '-n', 'monitoring', 'main-prometheus-0-0', '-c', 'reloader', '--tail=30'],
      ['logs', '-n', system, '-l', 'app.kubernetes.io/name=promfleet-operator', '--tail=60'],
    ];
    const said = commands.map((args) =>
      this.kubectl(...args).then(
        (text) => `--- kubectl ${args.join(' ')}\n${text.slice(-8000)}`,
        (error: unknown) => `--- kubectl ${args.join(' ')}: ${String(error)}`,
      ),
    );
    return (await Promise.all(said)).join('\n');
  }

  /** Lines of the webhook receiver about an alert. */
  async notifications(alertname: string): Promise<readonly string[]> {
    const log = await this.kubectl('logs', '-n', 'monitoring', 'deploy/webhook-sink', '--tail=-1');
    return log.split('\n').filter((line) => line.includes(alertname));
  }
}
