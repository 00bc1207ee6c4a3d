import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { AlertRuleSet } from '../../src/crds/alert-rule-set.ts';
import type { MonitoringStack } from '../../src/crds/monitoring-stack.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { decodeIndex } from '../../src/render/bundle/bundle-index.ts';
import { decodeSlot } from '../../src/render/bundle/slot.ts';
import { slotBytes } from '../../src/render/workload/transport.ts';
import { eventually, type OperatorRun, runOperator } from '../support/operator-run.ts';
import { type ReconcileServer, startReconcileServer } from '../support/reconcile-server.ts';
import { counted, StandInReplicas } from '../support/stand-in-replicas.ts';
import { targetNames } from './target.ts';

const apiVersion = 'promfleet.dev/v1alpha1';

let server: ReconcileServer;
let admin: KubeClient;
let operator: OperatorRun;
let namespace = '';
let replicas: StandInReplicas;
let count = 0;

function stack(spec: MonitoringStack['spec'] = {}): KubeObject {
  return {
    apiVersion,
    kind: 'MonitoringStack',
    metadata: { name: 'main', namespace },
    spec: { alertmanager: { replicas: 1 }, ...spec },
  } as KubeObject;
}

function ruleSet(
  groups: Record<string, string>,
  name = 'checkout',
  labels?: Record<string, string>,
): KubeObject {
  const list = Object.entries(groups).map(([group, expr]) => ({
    name: group,
    rules: [{ alert: 'Down', expr }],
  }));
  return {
    apiVersion,
    kind: 'AlertRuleSet',
    metadata: { name, namespace, ...(labels === undefined ? {} : { labels }) },
    spec: { groups: list },
  } as KubeObject;
}

const apply = (object: KubeObject) => admin.apply(object, { fieldManager: 'user', force: true });

async function conditionsOf(kind: string, name: string): Promise<Record<string, string>> {
  const object = await admin.find<KubeObject & Pick<AlertRuleSet, 'status'>>({
    apiVersion,
    kind,
    namespace,
    name,
  });
  const conditions = object?.status?.conditions ?? [];
  const isCurrent = (object?.status?.observedGeneration ?? 0) === object?.metadata.generation;
  return isCurrent
    ? Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status}/${reason}`]))
    : {};
}

/** Plays the replicas until the conditions of an object are as expected. */
async function becomes(kind: string, name: string, expected: Record<string, string>): Promise<void> {
  let last: Record<string, string> = {};
  await eventually(
    `${kind} ${name} has ${JSON.stringify(expected)}`,
    async () => {
      await replicas.step();
      last = await conditionsOf(kind, name);
      return Object.entries(expected).every(([type, value]) => last[type] === value);
    },
    20_000,
    () => last,
  );
}

interface Named extends KubeObject {
  readonly data?: Record<string, string>;
  readonly spec?: { readonly template?: object };
  readonly status?: AlertRuleSet['status'] & { readonly replicas?: readonly object[] };
}

const find = (version: string, kind: string, name: string, inNamespace = namespace) =>
  admin.find<Named>({ apiVersion: version, kind, namespace: inNamespace, name });

/** Rule files that the bundle of stack `main` holds, by path. */
async function ruleFiles(): Promise<Record<string, string>> {
  const index = await find('v1', 'ConfigMap', 'main-prometheus-0-index');
  const files: Record<string, string> = {};
  for (const slot of decodeIndex(index?.data?.['index.json'] ?? '{"formatVersion":1,"slots":[]}').slots) {
    if (slot.kind !== 'ConfigMap') continue;
    const object = await find('v1', 'ConfigMap', slot.name);
    // The index may have been replaced, and its slot be gone, meanwhile.
    const bytes = object === undefined ? undefined : slotBytes(object);
    if (bytes !== undefined) for (const file of decodeSlot(bytes).files) files[file.path] = file.content;
  }
  return files;
}

const writes = (labels?: RegExp) => counted(operator.metrics, 'promfleet_operator_writes_total', labels);

/** Waits until the operator has nothing to do any more. */
async function settles(): Promise<void> {
  let last = -1;
  await eventually('the operator settles', async () => {
    await replicas.step();
    const now = await writes();
    const queued = Object.values(operator.manager.status().queued).reduce((sum, depth) => sum + depth, 0);
    const isQuiet = now === last && queued === 0 && operator.manager.status().ready;
    last = now;
    await systemClock.sleep(200);
    return isQuiet;
  });
}

const ready = {
  Accepted: 'True/Accepted',
  Programmed: 'True/Programmed',
  Loaded: 'True/Loaded',
  Ready: 'True/Ready',
};

/** The same suite holds on the local API server and on a real one, there with the operator's own account and RBAC on. */
describe.each(targetNames)('on the %s API server', (targetName) => {
  beforeAll(async () => {
    server = await startReconcileServer(targetName);
    admin = server.admin;
  });
  afterAll(async () => {
    await server?.close();
  });

  beforeEach(async () => {
    namespace = `reconcile-${++count}`;
    await admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    replicas = new StandInReplicas({ client: admin, namespace });
    operator = runOperator(server.operator());
  });
  afterEach(async () => {
    await operator.stop();
  });

  describe('a stack and its rule sets', () => {
    test('become ready, say so, and an operator that starts over unchanged objects writes nothing', async () => {
      await apply(stack());
      await apply(ruleSet({ a: 'up == 0' }));
      await becomes('AlertRuleSet', 'checkout', ready);
      await becomes('MonitoringStack', 'main', { Ready: 'True/Ready', Reconciling: 'False/Ready' });
      await settles();
      await operator.stop();
      operator = runOperator(server.operator());
      await settles();
      expect(await writes()).toBe(0);
    });

    test('get their children, owned by the stack', async () => {
      await apply(stack({ prometheus: { replicas: 2, shards: 2 } }));
      await becomes('MonitoringStack', 'main', { Ready: 'True/Ready' });
      const stored = await find(apiVersion, 'MonitoringStack', 'main');
      for (const [version, kind, name] of [
        ['apps/v1', 'StatefulSet', 'main-prometheus-0'],
        ['apps/v1', 'StatefulSet', 'main-prometheus-1'],
        ['apps/v1', 'StatefulSet', 'main-alertmanager'],
        ['apps/v1', 'Deployment', 'main-query'],
        ['v1', 'Service', 'main-query'],
        ['v1', 'ServiceAccount', 'main-query'],
        ['policy/v1', 'PodDisruptionBudget', 'main-query'],
        ['networking.k8s.io/v1', 'NetworkPolicy', 'main-query'],
        ['v1', 'Service', 'main-prometheus'],
        ['v1', 'ServiceAccount', 'main-prometheus'],
        ['v1', 'Secret', 'main-prometheus-1-config'],
        ['v1', 'ConfigMap', 'main-prometheus-1-1-report'],
        ['rbac.authorization.k8s.io/v1', 'Role', 'main-prometheus'],
        ['policy/v1', 'PodDisruptionBudget', 'main-prometheus-0'],
        ['networking.k8s.io/v1', 'NetworkPolicy', 'main-prometheus'],
      ] as const) {
        const child = await find(version, kind, name);
        expect(child?.metadata.ownerReferences?.[0]?.uid, `${kind} ${name}`).toBe(stored?.metadata.uid);
      }
    });

    test('follow a changed set without touching another slot, object or pod template', async () => {
      await apply(stack());
      await apply(ruleSet({ a: 'up == 0' }));
      await apply(ruleSet({ a: 'up == 1' }, 'other'));
      await becomes('AlertRuleSet', 'checkout', ready);
      await settles();
      const template = (await find('apps/v1', 'StatefulSet', 'main-prometheus-0'))?.spec?.template;
      const before = await writes(/verb="(apply|delete|patch)"/);
      await apply(ruleSet({ a: 'up == 2' }));
      await becomes('AlertRuleSet', 'checkout', ready);
      expect((await ruleFiles())[`rules/${namespace}/checkout.yaml`]).toContain('up == 2');
      expect(await writes(/verb="(apply|delete|patch)"/)).toBe(before + 2);
      expect((await find('apps/v1', 'StatefulSet', 'main-prometheus-0'))?.spec?.template).toEqual(template);
    });

    test('keep the last good version of a bad group, also over a restart of the operator', async () => {
      await apply(stack());
      await apply(ruleSet({ a: 'up == 0', b: 'up == 1' }));
      await becomes('AlertRuleSet', 'checkout', ready);
      await apply(ruleSet({ a: 'sum(', b: 'up == 2' }));
      const bad = {
        Accepted: 'False/InvalidExpression',
        Loaded: 'True/Loaded',
        Stalled: 'True/InvalidExpression',
      };
      await becomes('AlertRuleSet', 'checkout', bad);
      const path = `rules/${namespace}/checkout.yaml`;
      const content = (await ruleFiles())[path];
      expect(content).toContain('up == 0');
      expect(content).toContain('up == 2');
      const set = await find(apiVersion, 'AlertRuleSet', 'checkout');
      expect(set?.status?.faults?.[0]).toMatchObject({
        path: 'spec.groups[a].rules[0].expr',
        line: 1,
        column: 5,
      });
      expect(set?.status?.stacks?.[0]).toMatchObject({ lastGood: true });
      await settles();
      await operator.stop();
      operator = runOperator(server.operator());
      await settles();
      expect((await ruleFiles())[path]).toBe(content);
      expect(await writes()).toBe(0);
      await admin.delete({ apiVersion, kind: 'AlertRuleSet', namespace, name: 'checkout' });
      await eventually('the file is gone', async () => (await ruleFiles())[path] === undefined);
    });

    test('forget a set that was deleted while no operator ran', async () => {
      await apply(stack());
      await apply(ruleSet({ a: 'up == 0' }));
      await apply(ruleSet({ a: 'up == 0' }, 'other'));
      await becomes('AlertRuleSet', 'other', ready);
      await operator.stop();
      await admin.delete({ apiVersion, kind: 'AlertRuleSet', namespace, name: 'other' });
      operator = runOperator(server.operator());
      await eventually(
        'the file is gone',
        async () => !(`rules/${namespace}/other.yaml` in (await ruleFiles())),
      );
      expect(Object.keys(await ruleFiles())).toEqual([`rules/${namespace}/checkout.yaml`]);
    });

    test('repair what others change or delete', async () => {
      await apply(stack());
      await becomes('MonitoringStack', 'main', { Ready: 'True/Ready' });
      await settles();
      const ref = { apiVersion: 'v1', kind: 'Service', namespace, name: 'main-prometheus' };
      await admin.mergePatch(ref, { spec: { selector: { 'app.kubernetes.io/name': 'other' } } });
      await admin.delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'main-prometheus-0-index' });
      let seen: unknown;
      const back = async () => {
        const service = (await find('v1', 'Service', 'main-prometheus')) as {
          spec?: { selector?: Record<string, string> };
        };
        const index = await find('v1', 'ConfigMap', 'main-prometheus-0-index');
        seen = [service?.spec?.selector, index?.metadata.name];
        return service?.spec?.selector?.['app.kubernetes.io/name'] === 'prometheus' && index !== undefined;
      };
      await eventually('both are back', back, 5000, () => seen);
    });

    test('are left alone while suspended', async () => {
      await apply(stack());
      await apply(ruleSet({ a: 'up == 0' }));
      await becomes('AlertRuleSet', 'checkout', ready);
      await settles();
      await apply(stack({ suspend: true, prometheus: { replicas: 1 } }));
      await becomes('MonitoringStack', 'main', { Ready: 'False/Suspended' });
      await admin.delete({ apiVersion, kind: 'AlertRuleSet', namespace, name: 'checkout' });
      await settles();
      expect(Object.keys(await ruleFiles())).toHaveLength(1);
      expect(await find('v1', 'ConfigMap', 'main-prometheus-0-1-report')).toBeDefined();
      await apply(stack({ prometheus: { replicas: 1 } }));
      await eventually('what was suspended is done', async () => {
        await replicas.step();
        return Object.keys(await ruleFiles()).length === 0;
      });
    });

    test('say why a version is not taken, and change nothing', async () => {
      await apply(stack());
      await apply(ruleSet({ a: 'up == 0' }));
      await becomes('AlertRuleSet', 'checkout', ready);
      await apply(stack({ prometheus: { version: 'v1.8.2' } }));
      await becomes('MonitoringStack', 'main', { Stalled: 'True/VersionUnsupported' });
      await becomes('AlertRuleSet', 'checkout', { Stalled: 'True/VersionUnsupported' });
      expect(Object.keys(await ruleFiles())).toHaveLength(1);
      await apply(stack());
      await becomes('AlertRuleSet', 'checkout', ready);
    });

    test('grow their volumes in place: claims first, then the workload anew around its pods', async () => {
      const withStorage = (size: string) =>
        stack({ prometheus: { replicas: 1, storage: { size, storageClassName: `${namespace}-grows` } } });
      await admin.create({
        apiVersion: 'storage.k8s.io/v1',
        kind: 'StorageClass',
        metadata: { name: `${namespace}-grows` },
        provisioner: 'test.example.com/none',
        allowVolumeExpansion: true,
      } as KubeObject);
      await apply(withStorage('1Gi'));
      await becomes('MonitoringStack', 'main', { Ready: 'True/Ready' });
      const claim = {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace,
        name: 'data-main-prometheus-0-0',
      };
      await admin.create({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { namespace, name: claim.name },
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: `${namespace}-grows`,
          volumeName: 'none',
          resources: { requests: { storage: '1Gi' } },
        },
      } as KubeObject);
      const status = { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] };
      await admin.mergePatch(claim, { status }, { subresource: 'status' });
      const pod = (await find('v1', 'Pod', 'main-prometheus-0-0'))?.metadata.uid;
      await apply(withStorage('2Gi'));
      interface Sized extends KubeObject {
        readonly spec: {
          readonly resources?: { readonly requests: { readonly storage: string } };
          readonly volumeClaimTemplates?: readonly Sized[];
        };
      }
      await eventually('both say 2Gi', async () => {
        const set = (await find('apps/v1', 'StatefulSet', 'main-prometheus-0')) as Sized | undefined;
        const grown = await admin.find<Sized>(claim);
        return (
          set?.spec.volumeClaimTemplates?.[0]?.spec.resources?.requests.storage === '2Gi' &&
          grown?.spec.resources?.requests.storage === '2Gi'
        );
      });
      expect((await find('v1', 'Pod', 'main-prometheus-0-0'))?.metadata.uid).toBe(pod);
      await becomes('MonitoringStack', 'main', { Ready: 'True/Ready' });
    });

    test('name what a server refuses and what fails when evaluated, at the object', async () => {
      const path = `rules/${namespace}/checkout.yaml`;
      replicas = new StandInReplicas({
        client: admin,
        namespace,
        report: () => ({ quarantined: [{ path, error: 'refused by the server' }] }),
      });
      await apply(stack());
      await apply(ruleSet({ a: 'up == 0' }));
      await apply(ruleSet({ a: 'up == 0' }, 'other'));
      await becomes('AlertRuleSet', 'checkout', { Loaded: 'False/Quarantined', Stalled: 'True/Quarantined' });
      await becomes('AlertRuleSet', 'other', ready);
      replicas = new StandInReplicas({
        client: admin,
        namespace,
        report: () => ({ ruleHealth: [{ path, group: 'a', error: 'many-to-many' }] }),
      });
      await becomes('AlertRuleSet', 'checkout', { ...ready, Healthy: 'False/EvaluationFails' });
    });

    test('leave nothing behind when the stack is deleted', async () => {
      await apply(stack({ prometheus: { scrape: { annotatedPods: { namespaces: {} } } } }));
      const other = `${namespace}-pods`;
      const labels = { 'promfleet.dev/allowed-stacks': `${namespace}.main` };
      await admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: other, labels } });
      const role = () =>
        find('rbac.authorization.k8s.io/v1', 'Role', `promfleet-discovery-${namespace}-main`, other);
      await eventually('rights in the other namespace', async () => (await role()) !== undefined);
      await admin.delete({ apiVersion, kind: 'MonitoringStack', namespace, name: 'main' });
      // Nothing holds it back, so that no namespace waits for an operator.
      expect(await find(apiVersion, 'MonitoringStack', 'main')).toBeUndefined();
      await eventually('the rights are gone', async () => (await role()) === undefined);
    });
  });

  describe('selection', () => {
    test('asks the other namespace for consent, and says so', async () => {
      const team = `${namespace}-team`;
      await admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: team } });
      await apply(
        stack({
          prometheus: { select: { namespaces: { matchLabels: { 'kubernetes.io/metadata.name': team } } } },
        }),
      );
      const set = ruleSet({ a: 'up == 0' });
      await apply({ ...set, metadata: { ...set.metadata, namespace: team } });
      const reason = async () => {
        await replicas.step();
        const object = await find(apiVersion, 'AlertRuleSet', 'checkout', team);
        return object?.status?.stacks?.find((entry) => entry.namespace === namespace)?.reason;
      };
      await eventually('it is not permitted', async () => (await reason()) === 'NotPermitted');
      expect(await ruleFiles()).toEqual({});
      const labels = { 'promfleet.dev/allowed-stacks': namespace };
      await admin.mergePatch({ apiVersion: 'v1', kind: 'Namespace', name: team }, { metadata: { labels } });
      await eventually('it is selected', async () => (await reason()) === 'Selected');
      await eventually('it is there', async () => `rules/${team}/checkout.yaml` in (await ruleFiles()));
      await admin.mergePatch(
        { apiVersion: 'v1', kind: 'Namespace', name: team },
        { metadata: { labels: { 'promfleet.dev/allowed-stacks': null } } },
      );
      await eventually('it is forbidden again', async () => Object.keys(await ruleFiles()).length === 0);
    });
  });

  describe('routes', () => {
    const route = (receiver: object): KubeObject =>
      ({
        apiVersion,
        kind: 'AlertRoute',
        metadata: { name: 'team', namespace },
        spec: { receivers: [{ name: 'hook', ...receiver }], route: { receiver: 'hook' } },
      }) as KubeObject;

    test('become ready; a missing Secret is a fault of its receiver until it is there', async () => {
      await apply(stack());
      await apply(route({ webhook: { url: 'http://hook.example.com/' } }));
      await becomes('AlertRoute', 'team', ready);
      await apply(route({ webhook: { urlFrom: { secretKeyRef: { name: 'hook', key: 'url' } } } }));
      await eventually('the fault is told', async () => {
        await replicas.step();
        const object = await find(apiVersion, 'AlertRoute', 'team');
        return object?.status?.faults?.some(({ code }) => code === 'SecretKeyMissing');
      });
    });
  });

  test('an operator of another class, or bound to another namespace, leaves everything alone', async () => {
    await operator.stop();
    const others = [
      runOperator(server.operator(), { class: 'other' }),
      runOperator(server.operator(), { namespaces: ['default'] }),
    ];
    try {
      await apply(stack());
      await apply(ruleSet({ a: 'up == 0' }));
      await eventually('they are ready', async () => others.every(({ manager }) => manager.status().ready));
      await systemClock.sleep(500);
      expect((await find(apiVersion, 'AlertRuleSet', 'checkout'))?.status).toBeUndefined();
    } finally {
      await Promise.all(others.map((each) => each.stop()));
    }
    operator = runOperator(server.operator(), { namespaces: [namespace] });
    await becomes('AlertRuleSet', 'checkout', ready);
  });

  test('of two operators one leads, and the other takes over when it stops', async () => {
    await operator.stop();
    const lease = {
      namespace: 'promfleet-system',
      name: 'promfleet-operator',
      leaseDurationMs: 3000,
      renewDeadlineMs: 2000,
      retryPeriodMs: 200,
    };
    const [a, b] = ['a', 'b'].map((identity) =>
      runOperator(server.operator(), { lease: { ...lease, identity } }),
    );
    try {
      const leaders = () => [a!, b!].filter(({ manager }) => manager.status().leading);
      await eventually('one leads', async () => leaders().length === 1);
      await apply(stack());
      await apply(ruleSet({ a: 'up == 0' }));
      await becomes('AlertRuleSet', 'checkout', ready);
      expect(leaders()).toHaveLength(1);
      const [leader] = leaders();
      await leader!.stop();
      await eventually('the other leads', async () => leaders().length === 1 && leaders()[0] !== leader);
      await apply(ruleSet({ a: 'up == 1' }));
      await becomes('AlertRuleSet', 'checkout', ready);
    } finally {
      await Promise.all([a!.stop(), b!.stop()]);
      operator = runOperator(server.operator());
    }
  });
});
