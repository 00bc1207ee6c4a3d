import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { eventually, type OperatorRun, runOperator } from '../support/operator-run.ts';
import { type ReconcileServer, startReconcileServer } from '../support/reconcile-server.ts';
import { counted, StandInReplicas } from '../support/stand-in-replicas.ts';
import { targetNames } from './target.ts';

const namespace = 'start-over';

/** Amounts, zeros, empty values and lists in spellings that a server changes when it stores them. */
const stack = {
  apiVersion: 'promfleet.dev/v1alpha1',
  kind: 'MonitoringStack',
  metadata: { name: 'main', namespace },
  spec: {
    prometheus: {
      replicas: 2,
      shards: 2,
      resources: { requests: { cpu: '0.5', memory: '1024Mi' }, limits: { cpu: '2.0', memory: '2.5Gi' } },
      storage: { size: '1024Mi' },
      podTemplate: {
        metadata: { labels: { team: 'platform' } },
        spec: {
          hostNetwork: false,
          tolerations: [{ key: 'dedicated', operator: 'Exists' }],
          affinity: { nodeAffinity: {} },
          containers: [
            {
              name: 'extra',
              image: 'busybox',
              ports: [{ containerPort: 80 }],
              env: [
                { name: 'EMPTY', value: '' },
                {
                  name: 'CPU',
                  valueFrom: {
                    resourceFieldRef: { resource: 'limits.cpu', containerName: 'extra', divisor: '0.001' },
                  },
                },
              ],
              volumeMounts: [{ name: 'scratch', mountPath: '/scratch', readOnly: false }],
              resources: { limits: { cpu: '1000m' } },
            },
          ],
          volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '1024Mi' } }],
        },
      },
    },
    alertmanager: { replicas: 3 },
  },
} as unknown as KubeObject;

describe.each(targetNames)('on the %s API server', (name) => {
  let server: ReconcileServer;
  let operator: OperatorRun | undefined;

  beforeAll(async () => {
    server = await startReconcileServer(name);
  });
  afterAll(async () => {
    await operator?.stop();
    await server?.close();
  });

  it('an operator that starts over a stack in spellings of its user writes nothing, and repairs what is changed then', async () => {
    const { admin } = server;
    const replicas = new StandInReplicas({ client: admin, namespace });
    const writes = async () => counted(operator!.metrics, 'promfleet_operator_writes_total');
    const settles = async () => {
      let last = -1;
      await eventually('the operator settles', async () => {
        await replicas.step();
        const { queued, ready } = operator!.manager.status();
        const now = await writes();
        const isQuiet = ready && now === last && Object.values(queued).every((depth) => depth === 0);
        last = now;
        await systemClock.sleep(200);
        return isQuiet;
      });
    };
    await admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    await admin.apply(stack, { fieldManager: 'user', force: true });
    operator = runOperator(server.operator());
    await settles();
    expect(await writes()).toBeGreaterThan(10);
    await operator.stop();
    operator = runOperator(server.operator());
    await settles();
    expect(await writes()).toBe(0);

    const set = { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace, name: 'main-prometheus-0' };
    const replicasOf = async () =>
      (await admin.get<KubeObject & { spec: { replicas: number } }>(set)).spec.replicas;
    await admin.mergePatch(set, { spec: { replicas: 5 } }, { fieldManager: 'hand' });
    await eventually('the change is repaired', async () => (await replicasOf()) === 2);
  });
});
