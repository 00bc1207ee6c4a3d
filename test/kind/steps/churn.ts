import { expect, it } from 'vitest';
import type { Metadata, World } from '../world.ts';
import { system } from '../world.ts';

const [rounds, stacksARound] = [10, 10];
const namespace = 'churn';
/** What a process may grow by over all rounds, with the noise of its garbage collector. */
const growthBytes = 40 * 2 ** 20;

/** A stack that is whole but for its pods, which no node may take: what is counted is what the operator makes. */
const stack = (name: string): object => {
  const podTemplate = { spec: { nodeSelector: { 'promfleet.test/nowhere': 'true' } } };
  return {
    apiVersion: 'promfleet.dev/v1alpha1',
    kind: 'MonitoringStack',
    metadata: { name, namespace },
    spec: {
      prometheus: { replicas: 1, podTemplate, scrape: { annotatedPods: { namespaces: {} } } },
      alertmanager: { replicas: 1, podTemplate },
      query: { podTemplate },
    },
  };
};

const rules = (name: string): object => ({
  apiVersion: 'promfleet.dev/v1alpha1',
  kind: 'AlertRuleSet',
  metadata: { name, namespace },
  spec: { groups: [{ name: 'g', rules: [{ record: 'churn:one', expr: 'vector(1)' }] }] },
});

interface Owned {
  readonly kind: string;
  readonly metadata: Metadata;
}

export function churn(world: () => World): void {
  it(`${rounds * stacksARound} stacks come and go and leave nothing in the cluster or the operator`, async () => {
    await world().kubectl('create', 'namespace', namespace);
    const cycle = async (round: number) => {
      const names = Array.from({ length: stacksARound }, (_, n) => `s${round}-${n}`);
      await world().apply(...names.flatMap((name) => [stack(name), rules(name)]));
      await world().until('every workload to be there', async () => {
        const sets = await world().get<{ items: readonly Owned[] }>(
          'statefulsets,deployments',
          '-n',
          namespace,
        );
        return sets.items.length === names.length * 3;
      });
      await world().kubectl('delete', '-n', namespace, 'monitoringstacks,alertrulesets', '--all');
      await world().until('nothing to be left', async () => (await left()).length === 0);
    };
    await cycle(0);
    const before = await operatorFigures();
    for (let round = 1; round <= rounds; round++) await cycle(round);
    const after = await operatorFigures();
    // Words of errors and verbs may be new; a series that stays for each stack is not.
    expect(after.series).toBeLessThan(before.series + (rounds * stacksARound) / 2);
    expect(after.residentBytes).toBeLessThan(before.residentBytes + growthBytes);
    await world().kubectl('delete', 'namespace', namespace, '--timeout=60s');
  }, 900_000);

  /** Objects of stacks of the namespace, wherever they lie. */
  async function left(): Promise<readonly string[]> {
    const kinds = [
      ...['configmaps', 'secrets', 'services', 'serviceaccounts', 'persistentvolumeclaims', 'pods'],
      ...['statefulsets', 'deployments', 'replicasets', 'roles', 'rolebindings'],
      ...['poddisruptionbudgets', 'networkpolicies', 'endpointslices', 'controllerrevisions'],
    ].join(',');
    const own = await world().get<{ items: readonly Owned[] }>(kinds, '-n', namespace);
    const everywhere = await world().get<{ items: readonly Owned[] }>('roles,rolebindings', '-A');
    const isTheirs = ({ metadata }: Owned) => metadata.name.includes(`-${namespace}-s`);
    const given = new Set(['ServiceAccount/default', 'ConfigMap/kube-root-ca.crt']);
    return [...own.items, ...everywhere.items.filter(isTheirs)]
      .map(({ kind, metadata }) => `${kind}/${metadata.name}`)
      .filter((name) => !given.has(name));
  }

  /** Of the operator that leads: how many series it exposes, and what it occupies after its garbage was collected. */
  async function operatorFigures(): Promise<{ readonly series: number; readonly residentBytes: number }> {
    const figures = await Promise.all(
      (await world().pods(system, '-l', 'app.kubernetes.io/name=promfleet-operator')).map(
        async ({ metadata }) => {
          const url = `/api/v1/namespaces/${system}/pods/${metadata.name}:8080/proxy/metrics`;
          const lines = (await world().kubectl('get', '--raw', url))
            .split('\n')
            .filter((line) => !/^(#|$)/.test(line));
          const resident = lines.find((line) => line.startsWith('process_resident_memory_bytes'));
          return { series: lines.length, residentBytes: Number(resident?.split(' ')[1]) };
        },
      ),
    );
    return figures.reduce((a, b) => (a.series > b.series ? a : b));
  }
}
