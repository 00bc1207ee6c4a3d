import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { helmProgram } from '../support/helm.ts';
import { newerImage, ownImage, quickstartImages } from './images.ts';
import { type Cluster, startCluster } from './target.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
const chart = join(root, 'charts/promfleet');
const examples = join(root, 'examples/quickstart');
const system = 'promfleet-system';
const release = ['promfleet', chart, '-n', system] as const;
const settings = ['--set', 'platformNamespaces={monitoring}', '--wait', '--timeout', '180s'] as const;
const patienceMs = 240_000;

let cluster: Cluster;
let helmPath: string;
let images: readonly Uint8Array[];

interface ContainerStatus {
  readonly name: string;
  readonly restartCount: number;
}

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly status: {
    readonly podIP?: string;
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

beforeAll(async () => {
  helmPath = await helmProgram();
  images = await quickstartImages();
  cluster = await startCluster();
  await cluster.load(...images);
  await cluster.makeVolumes(['2Gi', '2Gi', '100Mi', '100Mi', '100Mi']);
});

afterAll(() => cluster?.stop());

const kubectl = (...args: readonly string[]) => cluster.kubectl(...args);
const helm = async (...args: readonly string[]) =>
  (await run(helmPath, [...args], { env: { ...process.env, KUBECONFIG: cluster.kubeconfig } })).stdout;
const promfleet = async (...args: readonly string[]) =>
  (await run(join(root, 'bin/promfleet'), [...args, '--kubeconfig', cluster.kubeconfig])).stdout;
const get = async <T>(...args: readonly string[]) =>
  JSON.parse(await kubectl('get', ...args, '-o', 'json')) as T;
const pods = async (namespace: string, ...selector: readonly string[]) =>
  (await get<{ items: readonly Pod[] }>('pods', '-n', namespace, ...selector)).items;
const isReady = ({ status }: Pod) =>
  status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;

/** An answer of a Service through the API server. */
const ask = async <T>(service: string, path: string) =>
  JSON.parse(
    await kubectl('get', '--raw', `/api/v1/namespaces/monitoring/services/${service}/proxy${path}`),
  ) as T;
const askPod = async <T>(pod: string, port: number, path: string) =>
  JSON.parse(
    await kubectl('get', '--raw', `/api/v1/namespaces/monitoring/pods/${pod}:${port}/proxy${path}`),
  ) as T;

async function everythingReady(): Promise<void> {
  const kinds = [
    ['monitoring', 'monitoringstack/main'],
    ['checkout', 'alertruleset/checkout'],
    ['checkout', 'alertroute/checkout'],
    ['payments', 'alertruleset/payments'],
    ['payments', 'silence/maintenance'],
  ] as const;
  for (const [namespace, object] of kinds)
    await eventually(
      `${object} to be ready`,
      () => kubectl('wait', '-n', namespace, '--for=condition=Ready', object, '--timeout=10s'),
      patienceMs,
    );
}

interface Answer {
  readonly data: { readonly result: readonly { readonly metric: Readonly<Record<string, string>> }[] };
  readonly warnings?: readonly string[];
}

interface AlertmanagerAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly state: string };
}

async function wholeAnswer(): Promise<Answer> {
  return await eventually(
    'an answer over both replicas',
    async () => {
      const answer = await ask<Answer>('main-query:http', '/api/v1/query?query=up');
      return answer.data.result.length > 5 && answer.warnings === undefined ? answer : undefined;
    },
    patienceMs,
  );
}

/** Pods of servers and how often their containers were started. */
async function serverRuns(): Promise<Readonly<Record<string, string>>> {
  const found = await pods('monitoring', '-l', 'app.kubernetes.io/managed-by=promfleet');
  return Object.fromEntries(
    found.map(({ metadata, status }) => [
      metadata.name,
      `${metadata.uid} ${(status.containerStatuses ?? []).map((each) => each.restartCount).join(',')}`,
    ]),
  );
}

/** How often a container was started again. */
async function restarts(pod: string, container: string): Promise<number> {
  const [found] = await pods('monitoring', '--field-selector', `metadata.name=${pod}`);
  const { containerStatuses = [], initContainerStatuses = [] } = found?.status ?? {};
  const status = [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === container);
  if (status === undefined) throw new Error(`${pod} has no container ${container}`);
  return status.restartCount;
}

describe('installing', () => {
  it('brings up the operator under the restricted standard', async () => {
    await kubectl('create', 'namespace', system);
    await kubectl('label', 'namespace', system, 'pod-security.kubernetes.io/enforce=restricted');
    await helm('install', ...release, ...settings);
    const operators = await pods(system);
    expect(operators).toHaveLength(2);
    expect(operators.every(isReady)).toBe(true);
  });

  it('passes helm test', async () => {
    expect(await helm('test', 'promfleet', '-n', system)).toContain('Succeeded');
  });
});

describe('the quickstart', () => {
  it('becomes ready', async () => {
    for (const file of [
      '00-namespaces',
      '10-node-exporter',
      '11-webhook-sink',
      '20-stack',
      '30-checkout',
      '31-payments',
    ])
      await kubectl('apply', '--server-side', '-f', join(examples, `${file}.yaml`));
    await everythingReady();
    const servers = await pods('monitoring', '-l', 'app.kubernetes.io/managed-by=promfleet');
    expect(servers.length).toBeGreaterThanOrEqual(6);
    expect(servers.every(isReady)).toBe(true);
  });

  it('delivers the alert and mutes the silenced one', async () => {
    const log = () => kubectl('logs', '-n', 'monitoring', 'deploy/webhook-sink');
    await eventually(
      'the notification',
      async () => ((await log()).includes('CheckoutDemo') ? true : undefined),
      patienceMs,
    );
    for (const pod of ['main-alertmanager-0', 'main-alertmanager-1', 'main-alertmanager-2'])
      await eventually(
        `PaymentsDemo to be muted in ${pod}`,
        async () => {
          const alerts = await askPod<readonly AlertmanagerAlert[]>(pod, 9093, '/api/v2/alerts');
          const muted = alerts.find(({ labels }) => labels.alertname === 'PaymentsDemo');
          return muted?.status.state === 'suppressed' ? true : undefined;
        },
        patienceMs,
      );
    expect(await log()).not.toContain('PaymentsDemo');
  });

  it('answers queries over both replicas, each target once', async () => {
    const answer = await wholeAnswer();
    const keys = answer.data.result.map(({ metric }) => JSON.stringify(metric));
    expect(new Set(keys).size).toBe(keys.length);
    expect(answer.data.result.some(({ metric }) => 'promfleet_replica' in metric)).toBe(false);
  });

  it('loads an edited rule in every replica', async () => {
    const groups = [
      { name: 'edited', interval: '1s', rules: [{ record: 'cluster:edited', expr: 'vector(42)' }] },
    ];
    const patch = JSON.stringify({ spec: { groups } });
    await kubectl('patch', '-n', 'payments', 'alertruleset/payments', '--type=merge', '-p', patch);
    for (const replica of [0, 1])
      await eventually(
        'the new rule',
        async () => {
          const path = '/api/v1/query?query=cluster:edited';
          const { data } = await askPod<Answer>(`main-prometheus-0-${replica}`, 9090, path);
          return data.result.length === 1 ? true : undefined;
        },
        patienceMs,
      );
    await kubectl('apply', '--server-side', '--force-conflicts', '-f', join(examples, '31-payments.yaml'));
    await everythingReady();
  });
});

describe('survives the loss of', () => {
  it('a pod', async () => {
    await kubectl('delete', 'pod', '-n', 'monitoring', 'main-prometheus-0-1', 'main-alertmanager-0');
    await everythingReady();
    await wholeAnswer();
  });

  it.each([
    ['main-prometheus-0-0', 'prometheus'],
    ['main-alertmanager-1', 'alertmanager'],
    ['main-prometheus-0-1', 'reloader'],
  ])('a process: %s %s', async (pod, container) => {
    const before = await restarts(pod, container);
    await cluster.killContainer('monitoring', pod, container);
    await eventually(
      'a restart',
      async () => ((await restarts(pod, container)) > before ? true : undefined),
      patienceMs,
    );
    await kubectl('wait', '-n', 'monitoring', '--for=condition=Ready', `pod/${pod}`, '--timeout=120s');
    await everythingReady();
  });

  it('the operators', async () => {
    const before = await serverRuns();
    await kubectl('delete', 'pod', '-n', system, '-l', 'app.kubernetes.io/name=promfleet-operator');
    await kubectl('rollout', 'status', '-n', system, 'deploy/promfleet-operator', '--timeout=120s');
    await everythingReady();
    expect(await serverRuns()).toEqual(before);
  });

  it('the API server', async () => {
    const before = await serverRuns();
    await cluster.restartApiServer();
    await everythingReady();
    await wholeAnswer();
    expect(await serverRuns()).toEqual(before);
  });

  it('nothing of that has cost a silence or sent a second notification', async () => {
    const alerts = await ask<readonly AlertmanagerAlert[]>('main-alertmanager:web', '/api/v2/alerts');
    const muted = alerts.filter(({ labels }) => labels.alertname === 'PaymentsDemo');
    expect(muted.map(({ status }) => status.state)).toEqual(['suppressed']);
    expect(await kubectl('logs', '-n', 'monitoring', 'deploy/webhook-sink')).not.toContain('PaymentsDemo');
  });
});

describe('upgrading', () => {
  it('restarts no workload and keeps its agents', async () => {
    const before = await serverRuns();
    // The same program under another tag: what matters is that the operator has changed.
    await cluster.load(renamed(images[0]!));
    await helm('upgrade', ...release, '--set', 'image.tag=v0.1.1', ...settings);
    const running = (
      await get<{ items: readonly { spec: { containers: readonly { image: string }[] } }[] }>(
        'pods',
        ...['-n', system, '-l', 'app.kubernetes.io/name=promfleet-operator'],
      )
    ).items.flatMap(({ spec }) => spec.containers.map((container) => container.image));
    expect(running).toContain(newerImage);
    await everythingReady();
    expect(await serverRuns()).toEqual(before);
  });
});

describe('uninstalling', () => {
  it('keeps definitions, objects and what runs', async () => {
    const before = await serverRuns();
    await helm('uninstall', 'promfleet', '-n', system, '--wait');
    expect(await pods(system)).toEqual([]);
    expect(await kubectl('get', 'crd', 'monitoringstacks.promfleet.dev', '-o', 'name')).not.toBe('');
    expect(await kubectl('get', '-n', 'payments', 'silence/maintenance', '-o', 'name')).not.toBe('');
    expect(await serverRuns()).toEqual(before);
    await wholeAnswer();
  });

  it('lets a namespace go that has objects, with the operator gone', async () => {
    await kubectl('delete', 'namespace', 'payments', '--timeout=60s');
    await expect(kubectl('get', 'namespace', 'payments')).rejects.toThrow(/NotFound/);
  });

  it('is finished by a purge, which leaves nothing', async () => {
    expect(await promfleet('uninstall', '--purge')).toContain('nothing of promfleet is left');
    expect(await promfleet('uninstall')).toBe('promfleet has left nothing here\n');
    await kubectl('delete', 'namespace', system, '--timeout=60s');
    // Revisions and endpoints are collected after their owners.
    await eventually('nothing to be left', async () => {
      const left = await leftovers();
      if (left.length > 0) throw new Error(left.join(', '));
      return true;
    });
  });
});

/** The same archive under the newer name, which is as long and stands in the index only. */
function renamed(archive: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(archive).toString('latin1').replace(ownImage, newerImage), 'latin1');
}

/** Objects of any kind whose name, label or group tells of promfleet. */
async function leftovers(): Promise<readonly string[]> {
  const types = (await kubectl('api-resources', '--verbs=list', '-o', 'name')).trim().split('\n');
  const found: string[] = types.filter((type) => type.endsWith('promfleet.dev'));
  for (const type of types.filter((name) => !name.startsWith('events'))) {
    const { items } = await get<{ items: readonly { metadata: Pod['metadata'] & { namespace?: string } }[] }>(
      type,
      '-A',
    );
    for (const { metadata } of items) {
      const labels = JSON.stringify(metadata.labels ?? {});
      // The quickstart's own pods, which a user deletes, mount no object of ours.
      const isOurs =
        labels.includes('"app.kubernetes.io/managed-by":"promfleet"') ||
        labels.includes('"app.kubernetes.io/part-of":"promfleet"');
      if (isOurs || metadata.name.startsWith('promfleet'))
        found.push(`${type} ${metadata.namespace ?? ''}/${metadata.name}`);
    }
  }
  return found;
}
