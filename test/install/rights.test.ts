import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chartFolder } from '../../hack/install/chart.ts';
import { installation, objectsOf } from '../../hack/install/installation.ts';
import { baseContext, systemNamespace } from '../../hack/install/kustomize.ts';
import { defaultValues } from '../../hack/install/values.ts';
import {
  leaseRules,
  namespaceRules,
  operatorRules,
  type Rule,
} from '../../src/controllers/operator/rights.ts';
import type { MonitoringStack } from '../../src/crds/monitoring-stack.ts';
import { renderAlertmanager } from '../../src/render/alertmanager/alertmanager.ts';
import { renderCompactor } from '../../src/render/compactor/compactor.ts';
import { renderPrometheus } from '../../src/render/prometheus/prometheus.ts';
import { type Answer, send, startTarget, type Target, targetNames } from '../apiserver/target.ts';
import { helm } from '../support/helm.ts';
import { realProgram } from '../support/programs.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const stackNamespace = 'monitoring';
const discoveryRole = 'promfleet-discovery';
const stack = {
  apiVersion: 'promfleet.dev/v1alpha1',
  kind: 'MonitoringStack',
  metadata: { name: 'main', namespace: stackNamespace },
  spec: {
    prometheus: { replicas: 2 },
    alertmanager: { replicas: 1 },
    objectStore: { volumeClaim: { name: 'bucket' } },
    compactor: {},
  },
} as unknown as MonitoringStack;

/** Every right that a subject has or has not: verb, group, resource, and where. */
interface Question {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'] as const;
/** Verbs with a meaning of their own. */
const special: readonly Question[] = [
  { verb: 'bind', group: 'rbac.authorization.k8s.io', resource: 'clusterroles' },
  { verb: 'bind', group: 'rbac.authorization.k8s.io', resource: 'roles' },
  { verb: 'escalate', group: 'rbac.authorization.k8s.io', resource: 'clusterroles' },
  { verb: 'escalate', group: 'rbac.authorization.k8s.io', resource: 'roles' },
  { verb: 'impersonate', group: '', resource: 'users' },
  { verb: 'impersonate', group: '', resource: 'serviceaccounts' },
  { verb: '*', group: '*', resource: '*' },
];

describe.runIf(targetNames.includes('real'))('installed on a real API server', () => {
  let target: Target;
  let folder: string;
  let kubeconfig: string;

  beforeAll(async () => {
    target = await startTarget('real');
    folder = mkdtempSync(join(tmpdir(), 'promfleet-install-'));
    kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, JSON.stringify(target.kubeconfig()), { mode: 0o600 });
    for (const name of [systemNamespace, stackNamespace, 'shop', 'somewhere'])
      await kubectl('create', 'namespace', name);
    const context = { ...baseContext(defaultValues()), helm: true };
    const rights = ['rbac-operator', 'rbac-teams'].flatMap((file) => objectsOf(installation[file]!, context));
    const ofStack = [
      ...renderPrometheus({
        ...{ stack, agentImage: 'x', discoveryClusterRole: discoveryRole },
        discoveryNamespaces: [stackNamespace, 'shop'],
      }).manifests,
      ...renderAlertmanager({ stack, agentImage: 'x' }).manifests,
      ...renderCompactor({ stack, agentImage: 'x' }).manifests,
    ].filter(({ kind }) => ['ServiceAccount', 'Role', 'RoleBinding'].includes(kind));
    await apply([...rights, ...ofStack]);
  }, 1_800_000);

  afterAll(async () => {
    await target?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function kubectl(...args: readonly string[]): Promise<string> {
    const program = await realProgram('kubectl');
    const { stdout, stderr } = await run(program, ['--kubeconfig', kubeconfig, ...args], {
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout + stderr;
  }

  async function apply(objects: readonly unknown[]): Promise<void> {
    const file = join(folder, 'objects.json');
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    await kubectl('apply', '--server-side', '-f', file);
  }

  it.each([
    ['defaults', []],
    ['some namespaces', ['--set', `namespaces={${stackNamespace}}`]],
    [
      'dashboards and pull secrets',
      ['--set', 'dashboards.enabled=true', '--set', 'imagePullSecrets[0].name=x'],
    ],
  ])('the chart passes a dry run without a warning: %s', async (_name, settings) => {
    const file = join(folder, 'rendered.yaml');
    const chart = join(root, chartFolder);
    writeFileSync(file, await helm('template', 'promfleet', chart, '-n', systemNamespace, ...settings));
    const said = await kubectl('apply', '--server-side', '--dry-run=server', '--force-conflicts', '-f', file);
    expect(said).toContain('deployment.apps/promfleet-operator serverside-applied (server dry run)');
    expect(said).not.toMatch(/warning|error/i);
  });

  async function isAllowed(account: string, question: Question): Promise<boolean> {
    const [namespace, name] = account.split('/') as [string, string];
    const { status, body }: Answer = await send(target, {
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: `system:serviceaccount:${namespace}:${name}`,
          groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
          resourceAttributes: {
            ...question,
            resource: question.resource.split('/')[0],
            subresource: question.resource.split('/')[1],
          },
        },
      },
    });
    expect(status).toBe(201);
    return (body as { status: { allowed: boolean } }).status.allowed;
  }

  /** Every resource that the server has, subresources included. */
  async function resources(): Promise<readonly { readonly group: string; readonly resource: string }[]> {
    const lists: string[] = ['/api/v1'];
    const groups = (await send(target, { method: 'GET', path: '/apis' })).body as {
      groups: { preferredVersion: { groupVersion: string } }[];
    };
    lists.push(...groups.groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`));
    const found = new Map<string, { group: string; resource: string }>();
    for (const path of lists) {
      const { resources: each } = (await send(target, { method: 'GET', path })).body as {
        resources: { name: string }[];
      };
      const group = path === '/api/v1' ? '' : path.split('/')[2]!;
      for (const { name } of each) found.set(`${group}/${name}`, { group, resource: name });
    }
    // Ours are not installed here, but rights on them count.
    for (const plural of [
      'monitoringstacks',
      'alertrulesets',
      'alertroutes',
      'silences',
      'retentionpolicies',
    ])
      for (const suffix of ['', '/status', '/finalizers'])
        found.set(plural + suffix, { group: 'promfleet.dev', resource: plural + suffix });
    return [...found.values()];
  }

  const tell = ({ verb, group, resource, name }: Question) =>
    `${verb} ${resource}.${group}${name === undefined ? '' : ` ${name}`}`;

  async function allowedOf(account: string, questions: readonly Question[]): Promise<readonly string[]> {
    const allowed: string[] = [];
    for (const question of questions) if (await isAllowed(account, question)) allowed.push(tell(question));
    return allowed.sort();
  }

  /** What every account may do anyway. */
  const everybody = new Set([
    'create selfsubjectaccessreviews.authorization.k8s.io',
    'create selfsubjectrulesreviews.authorization.k8s.io',
    'create selfsubjectreviews.authentication.k8s.io',
  ]);

  async function rightsIn(account: string, namespace: string): Promise<readonly string[]> {
    const every = (await resources()).flatMap(({ group, resource }) =>
      verbs.map((verb): Question => ({ verb, group, resource, namespace })),
    );
    const found = await allowedOf(account, [...every, ...special.map((each) => ({ ...each, namespace }))]);
    return found.filter((each) => !everybody.has(each));
  }

  const listed = (rules: readonly Rule[]) =>
    [
      ...new Set(
        rules.flatMap(({ apiGroups, resources: names, verbs: all }) =>
          apiGroups.flatMap((group) =>
            names.flatMap((resource) => all.map((verb) => tell({ verb, group, resource }))),
          ),
        ),
      ),
    ].sort();

  const operator = `${systemNamespace}/promfleet-operator`;

  it('lets the operator do what is listed, and nothing else, in any namespace', async () => {
    expect(await rightsIn(operator, 'somewhere')).toEqual(listed([...operatorRules, ...namespaceRules]));
  });

  it('lets the operator hold its Lease in its own namespace only', async () => {
    expect(await rightsIn(operator, systemNamespace)).toEqual(
      listed([...operatorRules, ...namespaceRules, ...leaseRules]),
    );
  });

  const binding = (kind: string, role: string) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'tried', namespace: 'somewhere' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: role },
    subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'somewhere' }],
  });
  const role = (rules: readonly object[]) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'tried', namespace: 'somewhere' },
    rules,
  });
  const onSecrets = (verbs: readonly string[], resourceNames?: readonly string[]) =>
    role([
      {
        apiGroups: [''],
        resources: ['secrets'],
        verbs,
        ...(resourceNames === undefined ? {} : { resourceNames }),
      },
    ]);

  it.each([
    ['bind the ClusterRole that is shipped for it', binding('ClusterRole', discoveryRole), true],
    ['bind the right to everything', binding('ClusterRole', 'cluster-admin'), false],
    ['bind the right to look at everything', binding('ClusterRole', 'system:aggregate-to-view'), false],
    ['let an agent read its Secret', onSecrets(['get'], ['main-prometheus-0-config']), true],
    ['let somebody list Secrets', onSecrets(['list']), false],
    ['let somebody watch a Secret', onSecrets(['watch'], ['one']), false],
    ['let somebody do everything', onSecrets(['*']), false],
  ])('the operator may: %s: %#', async (_what, object, expected) => {
    const file = join(folder, 'tried.json');
    writeFileSync(file, JSON.stringify(object));
    const as = `--as=system:serviceaccount:${systemNamespace}:promfleet-operator`;
    const said = await kubectl('create', '--dry-run=server', as, '-f', file).catch(
      (error: { stderr?: string }) => String(error.stderr),
    );
    expect(said).toMatch(expected ? /created \(server dry run\)/ : /forbidden/i);
  });

  it('lets the operator bind that one ClusterRole by name, and no other', async () => {
    const bind = { verb: 'bind', group: 'rbac.authorization.k8s.io', resource: 'clusterroles' };
    expect(await isAllowed(operator, { ...bind, name: discoveryRole })).toBe(true);
    for (const name of ['cluster-admin', 'edit', 'promfleet-operator', 'promfleet-edit', undefined])
      expect(await isAllowed(operator, name === undefined ? bind : { ...bind, name })).toBe(false);
  });

  it('lets a Prometheus discover pods where its stack does, and nowhere else', async () => {
    const account = `${stackNamespace}/main-prometheus`;
    expect(await rightsIn(account, 'shop')).toEqual(['list pods.', 'watch pods.']);
  });

  it('lists no wildcard, no escalation, no listing of Secrets', () => {
    const text = listed([...operatorRules, ...namespaceRules, ...leaseRules]);
    expect(text.filter((each) => /\*|escalate|impersonate/.test(each))).toEqual([]);
    expect(text.filter((each) => /^(list|watch|update) secrets/.test(each))).toEqual([]);
  });

  it.each([
    ['main-prometheus', ['list pods.', 'watch pods.']],
    ['main-alertmanager', []],
    ['main-query', []],
    ['main-compactor', []],
    ['default', []],
  ])('gives the account %s no right but its own over whole kinds', async (account, expected) => {
    expect(await rightsIn(`${stackNamespace}/${account}`, stackNamespace)).toEqual(expected);
    expect(await rightsIn(`${stackNamespace}/${account}`, 'somewhere')).toEqual([]);
  });

  const question = (verb: string, resource: string, name: string, namespace = stackNamespace): Question => ({
    ...{ verb, group: '', resource, name, namespace },
  });

  /** The shipper is a part of the reloader, with its account. */
  const named: Readonly<Record<string, readonly (readonly [Question, boolean])[]>> = {
    'main-prometheus': [
      [question('get', 'configmaps', 'main-prometheus-0-index'), true],
      [question('watch', 'configmaps', 'main-prometheus-0-index'), true],
      [question('get', 'configmaps', 'main-rules-00'), true],
      [question('get', 'secrets', 'main-prometheus-0-config'), true],
      [question('patch', 'configmaps', 'main-prometheus-0-1-report'), true],
      [question('patch', 'configmaps', 'main-prometheus-0-index'), false],
      [question('watch', 'configmaps', 'main-rules-00'), false],
      [question('patch', 'configmaps', 'main-rules-00'), false],
      [question('update', 'configmaps', 'main-prometheus-0-1-report'), false],
      [question('delete', 'configmaps', 'main-prometheus-0-1-report'), false],
      [question('patch', 'secrets', 'main-prometheus-0-config'), false],
      [question('get', 'secrets', 'main-alertmanager-00'), false],
      [question('get', 'configmaps', 'main-alertmanager-index'), false],
      [question('get', 'configmaps', 'other-prometheus-0-index'), false],
      [question('get', 'secrets', 'objstore'), false],
      [question('get', 'secrets', 'main-prometheus-0-config', 'somewhere'), false],
      [question('patch', 'pods', 'main-prometheus-0-1'), false],
      [question('create', 'pods/exec', 'main-prometheus-0-1'), false],
    ],
    'main-alertmanager': [
      [question('get', 'configmaps', 'main-alertmanager-index'), true],
      [question('watch', 'configmaps', 'main-alertmanager-index'), true],
      [question('get', 'secrets', 'main-alertmanager-00'), true],
      [question('patch', 'configmaps', 'main-alertmanager-0-report'), true],
      [question('patch', 'secrets', 'main-alertmanager-00'), false],
      [question('get', 'secrets', 'main-prometheus-0-config'), false],
      [question('patch', 'configmaps', 'main-prometheus-0-0-report'), false],
      [question('list', 'pods', ''), false],
    ],
    'main-compactor': [
      [question('get', 'configmaps', 'main-retention'), true],
      [question('watch', 'configmaps', 'main-retention'), true],
      [question('patch', 'configmaps', 'main-compactor-0-report'), true],
      [question('patch', 'configmaps', 'main-retention'), false],
      [question('get', 'configmaps', 'main-rules-00'), false],
      [question('get', 'secrets', 'objstore'), false],
      [question('list', 'pods', ''), false],
    ],
    'main-query': [
      [question('get', 'configmaps', 'main-rules-00'), false],
      [question('get', 'secrets', 'objstore'), false],
      [question('list', 'pods', ''), false],
    ],
  };

  it.each(Object.entries(named))(
    'lets %s touch its own objects by name, and no others',
    async (name, table) => {
      const account = `${stackNamespace}/${name}`;
      const told = (allowed: boolean, each: Question) => `${allowed} ${tell(each)} in ${each.namespace}`;
      const found: string[] = [];
      for (const [each] of table) found.push(told(await isAllowed(account, each), each));
      expect(found).toEqual(table.map(([each, expected]) => told(expected, each)));
    },
  );
});
