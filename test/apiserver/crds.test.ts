import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { checkObject } from '../../src/crds/check-object.ts';
import { customResourceDefinitions } from '../../src/crds/crd.ts';
import { formatPath } from '../../src/crds/fault.ts';
import { kindDefinition, kinds } from '../../src/crds/kinds.ts';
import { acceptedSpecs, refusedSpecs } from '../support/crd-cases.ts';
import { mutatedSpec } from '../support/crd-mutations.ts';
import { eventually } from '../support/operator-run.ts';
import { type Answer, send, startTarget, type Target, targetNames } from './target.ts';

/** Servers must say of our kinds what `checkObject` says (src/crds/check-object.test.ts). */
const namespace = 'crd-cases';
const kindsPath = '/apis/promfleet.dev/v1alpha1';
const crdPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

describe.each(targetNames)('the %s API server', (name) => {
  let target: Target;
  const installed: Answer[] = [];
  let count = 0;

  beforeAll(async () => {
    target = await startTarget(name);
    for (const body of customResourceDefinitions())
      installed.push(await send(target, { method: 'POST', path: crdPath, body }));
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
    await send(target, { method: 'POST', path: '/api/v1/namespaces', body });
    for (const { plural } of kinds)
      await eventually(`${plural} are served`, async () => {
        const { status } = await send(target, { method: 'GET', path: `${kindsPath}/${plural}` });
        return status === 200;
      });
  });
  afterAll(async () => {
    await target?.stop();
  });

  /** Creates the object without keeping it. */
  function tryToCreate(kind: string, spec: unknown): Promise<Answer> {
    const metadata = { name: `case-${++count}`, namespace };
    return send(target, {
      method: 'POST',
      path: `${kindsPath}/namespaces/${namespace}/${kindDefinition(kind)!.plural}?dryRun=All&fieldValidation=Strict`,
      body: { apiVersion: 'promfleet.dev/v1alpha1', kind, metadata, spec },
    });
  }

  it('takes the definitions without a warning', () => {
    expect(installed.map(({ status, warnings }) => ({ status, warnings }))).toEqual(
      kinds.map(() => ({ status: 201, warnings: [] })),
    );
  });

  it.each(acceptedSpecs.map(([kind, spec]) => ({ kind, spec })))(
    'takes $kind $spec',
    async ({ kind, spec }) => {
      expect(await tryToCreate(kind, spec)).toMatchObject({ status: 201, warnings: [] });
    },
  );

  const rows = refusedSpecs.map(([kind, spec, fault, serverTakes]) => ({ kind, spec, fault, serverTakes }));
  it.each(rows.filter((row) => row.serverTakes === undefined))(
    'refuses $kind: $fault',
    async ({ kind, spec }) => {
      expect((await tryToCreate(kind, spec)).status).toBeGreaterThanOrEqual(400);
    },
  );

  it.each(rows.filter((row) => row.serverTakes !== undefined))(
    'leaves to the operator $kind: $fault',
    async ({ kind, spec }) => {
      expect((await tryToCreate(kind, spec)).status).toBe(201);
    },
  );

  it('judges 600 objects with random changes as our own check does', async () => {
    const random = seededRandom(20261121);
    const different: unknown[] = [];
    let taken = 0;
    for (let left = 600; left > 0; left--) {
      const { kind, spec } = mutatedSpec(random);
      const faults = checkObject(kindDefinition(kind)!, {
        apiVersion: 'promfleet.dev/v1alpha1',
        kind,
        metadata: { name: 'x' },
        spec,
      })
        .map((fault) => `${formatPath(fault.path)} ${fault.code}: ${fault.message}`)
        .filter((fault) => !isOpenInCrd(fault));
      const { status, body } = await tryToCreate(kind, spec);
      if (status === 201) taken++;
      if ((status === 201) !== (faults.length === 0))
        different.push({
          kind,
          spec: JSON.stringify(spec),
          status,
          said: (body as { message?: string }).message,
          faults,
        });
    }
    expect(different).toEqual([]);
    expect(taken).toBeGreaterThan(50);
  });

  it('takes a group of 5,000 rules within its cost budget, and no more', async () => {
    const group = (count: number) => ({
      groups: [
        {
          name: 'g',
          rules: Array.from({ length: count }, (_, index) => ({
            alert: `A${index}`,
            expr: 'sum(rate(http_requests_total{code=~"5.."}[5m])) > 0.05',
            for: '5m',
            labels: { severity: 'page' },
            annotations: { summary: '{{ $value }}' },
          })),
        },
      ],
    });
    expect(await tryToCreate('AlertRuleSet', group(5000))).toMatchObject({ status: 201, warnings: [] });
    expect((await tryToCreate('AlertRuleSet', group(5001))).status).toBe(422);
  });

  it('fills in defaults, and refuses another storage class', async () => {
    const path = `${kindsPath}/namespaces/${namespace}/monitoringstacks`;
    const stack = (storageClassName: string) => ({
      apiVersion: 'promfleet.dev/v1alpha1',
      kind: 'MonitoringStack',
      metadata: { name: 'main', namespace },
      spec: { prometheus: { storage: { size: '1Gi', storageClassName } } },
    });
    const made = await send(target, { method: 'POST', path, body: stack('a') });
    expect(made.body).toMatchObject({
      spec: {
        prometheus: {
          replicas: 2,
          shards: 1,
          retention: { time: '24h' },
          storage: { whenDeleted: 'Retain' },
        },
        alertmanager: { replicas: 3 },
        rollout: { agents: 'OnNextRestart' },
      },
    });
    const changed = await send(target, {
      method: 'PATCH',
      path: `${path}/main`,
      body: { spec: stack('b').spec },
      contentType: 'application/merge-patch+json',
    });
    expect(changed.status).toBe(422);
    expect(JSON.stringify(changed.body)).toContain('storageClassName cannot be changed');
  });
});

/** Inside of what the CRD keeps as it is: our check looks there, a server does not. */
function isOpenInCrd(fault: string): boolean {
  const [path = '', code] = fault.split(' ');
  if (/\.httpConfig[.[]|\.route\.routes\[\d+\][.[]/.test(path)) return true;
  return /\.(httpConfig|route\.routes\[\d+\])$/.test(path) && code !== 'FieldTypeWrong:';
}
