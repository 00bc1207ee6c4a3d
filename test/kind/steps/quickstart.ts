import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { expect, it } from 'vitest';
import { objectStoreSecretName, s3Objects } from '../objects.ts';
import { isReady, type World } from '../world.ts';

const examples = join(import.meta.dirname, '../../../examples/quickstart');

/** The objects of a file of the quickstart. */
export function example(name: string): readonly { kind: string; spec: object }[] {
  return loadAll(readFileSync(join(examples, `${name}.yaml`), 'utf8')) as { kind: string; spec: object }[];
}

/** The stack, with a bucket of the S3 server in place of a folder that many nodes mount. */
function stackOnS3(): object {
  const stack = example('20-stack').find(({ kind }) => kind === 'MonitoringStack')!;
  return { ...stack, spec: { ...stack.spec, objectStore: { secretRef: { name: objectStoreSecretName } } } };
}

export function quickstart(world: () => World): void {
  it('becomes ready under the restricted standard', async () => {
    await world().apply(...example('00-namespaces'));
    const standard = 'pod-security.kubernetes.io/enforce=restricted';
    await world().kubectl('label', 'namespace', 'monitoring', standard);
    await world().apply(...s3Objects());
    await world().kubectl('rollout', 'status', '-n', 'monitoring', 'deploy/s3', '--timeout=120s');
    const rest = ['10-node-exporter', '11-webhook-sink', '21-retention', '30-checkout', '31-payments'];
    await world().apply(stackOnS3(), ...rest.flatMap(example));
    await world().everythingReady();
    const servers = await world().pods('monitoring', '-l', 'app.kubernetes.io/managed-by=promfleet');
    expect(servers.map(({ metadata }) => metadata.name).sort()).toEqual([
      ...['main-alertmanager-0', 'main-alertmanager-1', 'main-alertmanager-2', 'main-compactor-0'],
      ...['main-prometheus-0-0', 'main-prometheus-0-1', expect.stringMatching(/^main-query-/)],
    ]);
    await world().until('every server to be ready', async () =>
      (await world().pods('monitoring', '-l', 'app.kubernetes.io/managed-by=promfleet')).every(isReady),
    );
  });

  it('delivers the alert and mutes the silenced one', async () => {
    await world().until(
      'the notification',
      async () => (await world().notifications('CheckoutDemo')).length > 0,
    );
    for (const pod of ['main-alertmanager-0', 'main-alertmanager-1', 'main-alertmanager-2'])
      await world().until(`PaymentsDemo to be muted in ${pod}`, async () =>
        (await world().alertStates(pod, 'PaymentsDemo')).includes('suppressed'),
      );
    expect(await world().notifications('PaymentsDemo')).toEqual([]);
  });

  it('answers queries over both replicas, each target once', async () => {
    const answer = await world().wholeAnswer();
    const keys = answer.data.result.map(({ metric }) => JSON.stringify(metric));
    expect(new Set(keys).size).toBe(keys.length);
    expect(answer.data.result.some(({ metric }) => 'promfleet_replica' in metric)).toBe(false);
  });

  it('loads an edited rule in every replica', async () => {
    await loadsRule(world(), 'cluster:edited', 42);
    await world().apply(...example('31-payments'));
    await world().everythingReady();
  });
}

/** Edits the rules of team payments and waits until both replicas have a sample of it. */
export async function loadsRule(world: World, record: string, value: number): Promise<void> {
  const groups = [{ name: 'edited', interval: '1s', rules: [{ record, expr: `vector(${value})` }] }];
  await world.patch('payments', 'alertruleset/payments', { spec: { groups } });
  for (const replica of [0, 1])
    await world.until(`${record} in replica ${replica}`, async () => {
      const path = `/api/v1/query?query=${record}`;
      const { data } = await world.askPod<{ data: { result: { value: [number, string] }[] } }>(
        ...([`main-prometheus-0-${replica}`, 9090, path] as const),
      );
      return data.result[0]?.value[1] === String(value);
    });
}
