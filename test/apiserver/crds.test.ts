import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kindDefinition } from '../../src/crds/kinds.ts';
import { type KubeObject, refOf } from '../../src/kube/object.ts';
import { acceptedSpecs, refusedSpecs } from '../support/crd-cases.ts';
import { type ReconcileServer, startReconcileServer } from '../support/reconcile-server.ts';

/** The server's own validation of our kinds must say what `checkObject` says (src/crds/check-object.test.ts). */
let server: ReconcileServer;
const namespace = 'crd-cases';
let count = 0;

beforeAll(async () => {
  server = await startReconcileServer();
  await server.admin.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { fieldManager: 'test' },
  );
});
afterAll(async () => {
  await server?.close();
});

/** Creates the object without keeping it; undefined, or why the server refuses. */
async function refusal(kind: string, spec: unknown): Promise<string | undefined> {
  const { plural } = kindDefinition(kind)!;
  const metadata = { name: `case-${++count}`, namespace };
  try {
    await server.admin.request({
      method: 'POST',
      path: `/apis/promfleet.dev/v1alpha1/namespaces/${namespace}/${plural}`,
      query: { dryRun: 'All', fieldValidation: 'Strict' },
      body: { apiVersion: 'promfleet.dev/v1alpha1', kind, metadata, spec },
      contentType: 'application/json',
      what: 'create',
    });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('the API server', () => {
  it.each(acceptedSpecs.map(([kind, spec]) => ({ kind, spec })))(
    'takes $kind $spec',
    async ({ kind, spec }) => {
      expect(await refusal(kind, spec)).toBeUndefined();
    },
  );

  const rows = refusedSpecs.map(([kind, spec, fault, serverTakes]) => ({ kind, spec, fault, serverTakes }));
  it.each(rows.filter((row) => row.serverTakes === undefined))(
    'refuses $kind: $fault',
    async ({ kind, spec }) => {
      expect(await refusal(kind, spec)).toBeDefined();
    },
  );

  it.each(rows.filter((row) => row.serverTakes !== undefined))(
    'leaves to the operator $kind: $fault',
    async ({ kind, spec }) => {
      expect(await refusal(kind, spec)).toBeUndefined();
    },
  );

  it('fills in defaults, and refuses another storage class', async () => {
    const stack = (storageClassName: string): KubeObject & { spec?: unknown } => ({
      apiVersion: 'promfleet.dev/v1alpha1',
      kind: 'MonitoringStack',
      metadata: { name: 'main', namespace },
      spec: { prometheus: { storage: { size: '1Gi', storageClassName } } },
    });
    await server.admin.apply(stack('a'), { fieldManager: 'test' });
    const made = await server.admin.get<KubeObject & { spec: unknown }>(refOf(stack('a')));
    expect(made.spec).toMatchObject({
      prometheus: { replicas: 2, shards: 1, retention: { time: '24h' }, storage: { whenDeleted: 'Retain' } },
      alertmanager: { replicas: 3 },
      rollout: { agents: 'OnNextRestart' },
    });
    await expect(server.admin.apply(stack('b'), { fieldManager: 'test' })).rejects.toThrow(
      /storageClassName cannot be changed/,
    );
  });
});
