import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AlertRuleSet } from '../../src/crds/alert-rule-set.ts';
import type { MonitoringStack } from '../../src/crds/monitoring-stack.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { eventually, type OperatorRun, runOperator } from '../support/operator-run.ts';
import { type ReconcileServer, startReconcileServer } from '../support/reconcile-server.ts';
import { StandInReplicas } from '../support/stand-in-replicas.ts';

const apiVersion = 'promfleet.dev/v1alpha1';

let server: ReconcileServer;
let admin: KubeClient;
let operator: OperatorRun;
let namespace = '';
let replicas: StandInReplicas;
let count = 0;

beforeAll(async () => {
  server = await startReconcileServer();
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

describe('a stack and its rule sets', () => {
  test('become ready, say so, and writing stops', async () => {
    await apply(stack());
    await apply(ruleSet({ a: 'up == 0' }));
    await becomes('AlertRuleSet', 'checkout', { Ready: 'True/Ready', Loaded: 'True/Loaded' });
    await becomes('MonitoringStack', 'main', { Ready: 'True/Ready' });
  });
});
