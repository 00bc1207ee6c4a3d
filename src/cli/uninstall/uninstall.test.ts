import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import { customResourceDefinitions } from '../../crds/crd.ts';
import { kinds } from '../../crds/kinds.ts';
import { apiVersion } from '../../crds/metadata.ts';
import type { KubeClient } from '../../kube/client.ts';
import { connect } from '../../kube/connect.ts';
import { listAll } from '../../kube/list.ts';
import type { KubeObject } from '../../kube/object.ts';
import { startApiServer } from '../../local/apiserver/server.ts';
import { type UninstallOptions, uninstall } from './run.ts';

let server: Awaited<ReturnType<typeof startApiServer>>;
let client: ReturnType<typeof connect>;

beforeAll(async () => {
  server = await startApiServer();
  const credentials = async () => ({ headers: {}, tls: {} });
  client = connect(
    { server: server.url, namespace: 'default', credentials },
    { clock: systemClock, random: systemRandom },
  );
});

afterAll(async () => {
  await client.close();
  await server.close();
});

const managed = { 'app.kubernetes.io/managed-by': 'promfleet' };
const configMap = (name: string, namespace: string, labels: Record<string, string>): KubeObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels } }) as KubeObject;

async function install(admin: KubeClient): Promise<void> {
  const create = (object: object) => admin.apply(object as KubeObject, { fieldManager: 'test', force: true });
  for (const definition of customResourceDefinitions()) await create(definition);
  for (const name of ['monitoring', 'shop'])
    await create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await create({
    apiVersion,
    kind: 'MonitoringStack',
    // Set by early versions.
    metadata: { name: 'main', namespace: 'monitoring', finalizers: ['promfleet.dev/cleanup'] },
    spec: {},
  });
  await create({
    apiVersion,
    kind: 'Silence',
    metadata: { name: 'quiet', namespace: 'shop' },
    spec: { matchers: ['a="b"'], duration: '1h', comment: 'for a test' },
  });
  await create(configMap('main-rules-00', 'monitoring', managed));
  await create(configMap('foreign', 'monitoring', {}));
  await create({
    ...configMap('slot', 'monitoring', managed),
    kind: 'Secret',
    data: {},
  });
  const rbac = 'rbac.authorization.k8s.io/v1';
  await create({
    apiVersion: rbac,
    kind: 'Role',
    metadata: { name: 'found', namespace: 'shop', labels: managed },
    rules: [],
  });
  const part = { 'app.kubernetes.io/part-of': 'promfleet' };
  await create({
    apiVersion: rbac,
    kind: 'ClusterRole',
    metadata: { name: 'promfleet-edit', labels: part },
    rules: [],
  });
}

async function run(options: UninstallOptions): Promise<string> {
  let text = '';
  const out = (part: string) => {
    text += part;
  };
  expect(await uninstall(client, options, { out }, systemClock)).toBe(0);
  return text;
}

const names = async (version: string, kind: string) =>
  (await listAll(client, { apiVersion: version, kind })).items.map(({ metadata }) => metadata.name);

describe('promfleet uninstall', () => {
  it('shows what there is and touches nothing', async () => {
    await install(client);
    const text = await run({});
    expect(text).toContain('2 stacks, rule sets, routes and other declarations');
    expect(text).toContain('3 workloads and what belongs to them');
    expect(text).toContain(`${kinds.length} CustomResourceDefinitions`);
    expect(await names(apiVersion, 'MonitoringStack')).toEqual(['main']);
  });

  it('refuses to purge while an operator runs', async () => {
    const labels = { 'app.kubernetes.io/name': 'promfleet-operator' };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'operator', namespace: 'default', labels },
      spec: { containers: [{ name: 'operator', image: 'x' }] },
    } as KubeObject;
    await client.create(pod);
    await expect(run({ purge: true })).rejects.toMatchObject({ code: 'OperatorRuns' });
    await client.delete(
      { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'operator' },
      { gracePeriodSeconds: 0 },
    );
  });

  it('removes everything that promfleet made, finalizers or not, and nothing else', async () => {
    expect(await run({ purge: true })).toContain('nothing of promfleet is left');
    expect(await names('v1', 'ConfigMap')).toContain('foreign');
    expect(await names('v1', 'ConfigMap')).not.toContain('main-rules-00');
    expect(await names('v1', 'Secret')).not.toContain('slot');
    expect(await names('rbac.authorization.k8s.io/v1', 'Role')).not.toContain('found');
    expect(await names('rbac.authorization.k8s.io/v1', 'ClusterRole')).not.toContain('promfleet-edit');
    expect(await names('apiextensions.k8s.io/v1', 'CustomResourceDefinition')).toEqual([]);
    expect(await names('v1', 'Namespace')).toEqual(expect.arrayContaining(['monitoring', 'shop']));
  });

  it('says so where nothing is left', async () => {
    expect(await run({})).toBe('promfleet has left nothing here\n');
    expect(await run({ purge: true })).toBe('nothing of promfleet is left\n');
  });
});
