import { expect, it } from 'vitest';
import { objectStoreSecret, objectStoreSecretName } from '../objects.ts';
import type { Metadata, World } from '../world.ts';
import { loadsRule } from './quickstart.ts';

interface Held {
  readonly metadata: Metadata;
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

interface Stack {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
    readonly faults?: readonly { readonly path?: string; readonly code: string }[];
  };
}

const namespace = 'monitoring';

/** What people and clusters do to a running stack, each with what is to happen. */
export function faults(world: () => World): void {
  const content = async (object: string) => {
    const { data, binaryData } = await world().get<Held>('-n', namespace, object);
    return { data, binaryData };
  };

  it.each(['configmap/main-rules-00', 'configmap/main-prometheus-0-index'])(
    '%s edited by hand is put right, and no server loads what was written there',
    async (object) => {
      const before = await content(object);
      const runs = await world().serverRuns();
      const spoilt = Object.fromEntries(
        Object.entries({ ...before.data, ...before.binaryData }).map(([key]) => [key, 'bm90IG91cnM=']),
      );
      const field = before.binaryData === undefined ? 'data' : 'binaryData';
      await world().patch(namespace, object, { [field]: spoilt });
      await world().until(`${object} to be put right`, async () => {
        return JSON.stringify(await content(object)) === JSON.stringify(before);
      });
      await world().everythingReady();
      expect(await world().serverRuns()).toEqual(runs);
    },
  );

  it('a deleted ConfigMap, Secret or Role of a stack is made anew', async () => {
    const runs = await world().serverRuns();
    const objects = ['configmap/main-rules-00', 'secret/main-prometheus-0-config', 'role/main-prometheus'];
    await world().kubectl('delete', '-n', namespace, ...objects);
    for (const object of objects)
      await world().until(`${object} to be back`, async () =>
        world()
          .kubectl('get', '-n', namespace, object)
          .then(
            () => true,
            () => false,
          ),
      );
    await loadsRule(world(), 'cluster:after_deletion', 4);
    expect(await world().serverRuns()).toEqual(runs);
  });

  it("a missing Secret of the user's is told with its place, and stops nothing else", async () => {
    const runs = await world().serverRuns();
    await world().kubectl('delete', '-n', namespace, 'secret', objectStoreSecretName);
    await world().until('the fault to be told', async () => {
      const { status } = await world().get<Stack>('-n', namespace, 'monitoringstack/main');
      return JSON.stringify(status ?? {}).includes('SecretKeyMissing');
    });
    await loadsRule(world(), 'cluster:without_secret', 5);
    await world().apply(objectStoreSecret());
    await world().untilReady(namespace, 'monitoringstack/main');
    expect(await world().serverRuns()).toEqual(runs);
  });

  it('an image that does not exist stops at one replica, is told, and is got over by naming another', async () => {
    const running = await world().serverRuns();
    const image = { spec: { prometheus: { image: 'registry.invalid/prometheus:none' } } };
    await world().patch(namespace, 'monitoringstack/main', image);
    await world().until('one replica to wait for its image', async () => {
      const pods = await world().pods(namespace, '-l', 'app.kubernetes.io/name=prometheus');
      return (
        JSON.stringify(pods).includes('ImagePullBackOff') || JSON.stringify(pods).includes('ErrImagePull')
      );
    });
    const { status } = await world().get<Stack>('-n', namespace, 'monitoringstack/main');
    expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('False');
    const now = await world().serverRuns();
    const kept = ['main-prometheus-0-0', 'main-prometheus-0-1'].filter((pod) => now[pod] === running[pod]);
    expect(kept).toHaveLength(1);
    const { data } = await world().query('count(up)');
    expect(Number(data.result[0]?.value[1])).toBeGreaterThan(5);
    await world().patch(namespace, 'monitoringstack/main', { spec: { prometheus: { image: null } } });
    await world().everythingReady();
    await world().wholeAnswer();
  });

  it('a receiver that is down gets its notification when it is back', async () => {
    await world().kubectl('scale', '-n', namespace, 'deploy/webhook-sink', '--replicas=0');
    await world().kubectl(
      'wait',
      '-n',
      namespace,
      '--for=delete',
      'pod',
      '-l',
      'app.kubernetes.io/name=webhook-sink',
      '--timeout=90s',
    );
    await world().apply({
      apiVersion: 'promfleet.dev/v1alpha1',
      kind: 'AlertRuleSet',
      metadata: { name: 'unheard', namespace: 'checkout' },
      spec: {
        groups: [{ name: 'unheard', interval: '1s', rules: [{ alert: 'Unheard', expr: 'vector(1)' }] }],
      },
    });
    await world().until('the alert to be active', async () =>
      (await world().alertStates('main-alertmanager-0', 'Unheard')).includes('active'),
    );
    await world().untilReady('checkout', 'alertruleset/unheard');
    await world().kubectl('scale', '-n', namespace, 'deploy/webhook-sink', '--replicas=1');
    await world().kubectl('rollout', 'status', '-n', namespace, 'deploy/webhook-sink', '--timeout=120s');
    await world().until('the notification', async () => (await world().notifications('Unheard')).length > 0);
    await world().kubectl('delete', '-n', 'checkout', 'alertruleset/unheard');
  });
}
