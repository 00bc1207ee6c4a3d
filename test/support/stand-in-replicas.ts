import type { MetricsRegistry } from '../../src/base/metrics.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { isNotFound } from '../../src/kube/errors.ts';
import { listAll } from '../../src/kube/list.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { decodeIndex, indexHash } from '../../src/render/bundle/bundle-index.ts';
import { encodeReport, type Report } from '../../src/render/bundle/report.ts';
import { dataKeys, fieldManagers } from '../../src/render/names.ts';

interface Workload extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly template: {
      readonly metadata?: { readonly labels?: Record<string, string> };
      readonly spec: object;
    };
  };
}

export interface StandInOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** What each report says beside hashes; by pod. */
  readonly report?: (pod: string) => Partial<Report>;
}

/**
 * Plays the workload controllers, the kubelet and the reloaders of one namespace, one `step` at a time: pods exist and
 * are ready, and every replica reports the index that the API holds. For suites on API servers without nodes.
 */
export class StandInReplicas {
  readonly #options: StandInOptions;

  constructor(options: StandInOptions) {
    this.#options = options;
  }

  async step(): Promise<void> {
    const { client, namespace } = this.#options;
    const sets = await listAll<Workload>(client, {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      namespace,
    });
    for (const set of sets.items) await this.#run(set);
    const deployments = await listAll<Workload>(client, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace,
    });
    for (const deployment of deployments.items) await this.#deploy(deployment);
  }

  /** Nobody looks at the pods of a Deployment: its status says all. */
  async #deploy(deployment: Workload): Promise<void> {
    const { client, namespace } = this.#options;
    const { name = '', generation = 1 } = deployment.metadata;
    const replicas = deployment.spec.replicas ?? 1;
    const status = {
      observedGeneration: generation,
      replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
      updatedReplicas: replicas,
    };
    await client.mergePatch(
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name },
      { status },
      { subresource: 'status' },
    );
  }

  async #run(set: Workload): Promise<void> {
    const { client, namespace } = this.#options;
    const { name = '', generation = 1 } = set.metadata;
    const replicas = set.spec.replicas ?? 1;
    for (let ordinal = 0; ordinal < replicas; ordinal++) {
      await this.#pod(set, `${name}-${ordinal}`);
      await this.#report(`${name}-${ordinal}`, `${name}-index`);
    }
    const status = {
      observedGeneration: generation,
      replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
      updatedReplicas: replicas,
      currentRevision: 'one',
      updateRevision: 'one',
    };
    await client
      .mergePatch(
        { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace, name },
        { status },
        { subresource: 'status' },
      )
      .catch((error: unknown) => {
        // It was removed meanwhile.
        if (!isNotFound(error)) throw error;
      });
  }

  async #pod(set: Workload, name: string): Promise<void> {
    const { client, namespace } = this.#options;
    const ref = { apiVersion: 'v1', kind: 'Pod', namespace, name } as const;
    if ((await client.find(ref)) !== undefined) return;
    await client.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels: set.spec.template.metadata?.labels ?? {} },
      spec: { containers: [{ name: 'stand-in', image: 'none' }], automountServiceAccountToken: false },
    } as KubeObject);
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }];
    await client.mergePatch(
      ref,
      { status: { phase: 'Running', podIP: '127.0.0.1', conditions } },
      { subresource: 'status' },
    );
  }

  async #report(pod: string, indexName: string): Promise<void> {
    const { client, namespace } = this.#options;
    const index = await client.find<KubeObject & { data?: Record<string, string> }>({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace,
      name: indexName,
    });
    const text = index?.data?.[dataKeys.index];
    if (text === undefined) return;
    const report: Report = {
      indexHash: indexHash(text),
      slots: Object.fromEntries(decodeIndex(text).slots.map((slot) => [slot.name, slot.hash])),
      quarantined: [],
      serverVersion: '3.5.3',
      agentVersion: '0.1.0',
      ruleHealth: [],
      ...this.#options.report?.(pod),
    };
    const data = { [dataKeys.report]: encodeReport(report) };
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: `${pod}-report` } as const;
    const known = await client.find<KubeObject & { data?: Record<string, string> }>(ref);
    if (known === undefined || known.data?.[dataKeys.report] === data[dataKeys.report]) return;
    await client
      .mergePatch(ref, { data }, { fieldManager: fieldManagers.reloader })
      .catch((error: unknown) => {
        // The stack was made smaller meanwhile.
        if (!isNotFound(error)) throw error;
      });
  }
}

/** Sum of a counter in a registry, over all labels or those whose text matches. */
export async function counted(metrics: MetricsRegistry, name: string, labels: RegExp = /./): Promise<number> {
  const lines = (await metrics.render())
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && labels.test(line));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
