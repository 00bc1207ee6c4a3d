import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { realProgram } from '../support/programs.ts';
import { send, startTarget, type Target, targetNames } from './target.ts';

const roles = ['pod', 'service', 'endpointslice', 'endpoints', 'node'];
const namespace = 'discovered';

/** The real Prometheus finds its targets through the API as a service account, by client-go. */
describe.each(targetNames)('Prometheus against the %s API server', (name) => {
  let target: Target;
  let program: string;
  let dir: string;
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    [target, program] = [await startTarget(name), await realProgram('prometheus')];
    dir = mkdtempSync(join(tmpdir(), 'promfleet-discovery-'));
    await post('/api/v1/namespaces', { metadata: { name: namespace } });
    await post('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: namespace },
      roleRef: { kind: 'ClusterRole', name: 'cluster-admin', apiGroup: 'rbac.authorization.k8s.io' },
      subjects: [{ kind: 'ServiceAccount', name: 'finder', namespace }],
    });
    await post(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'finder' } });
    const spec = {
      serviceAccountName: 'finder',
      automountServiceAccountToken: false,
      containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }],
    };
    await post(`/api/v1/namespaces/${namespace}/pods`, { metadata: { name: 'p' }, spec });
  });
  afterAll(async () => {
    for (const child of running) {
      if (child.exitCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    await target?.stop();
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
  });

  const post = (path: string, body: unknown) => send(target, { method: 'POST', path, body });

  /** Starts Prometheus with this token; returns its address. */
  async function start(folder: string, token: string): Promise<string> {
    const port = await freePort();
    const config = target.kubeconfig() as { users: { name: string; user: object }[] };
    const kubeconfig = { ...config, users: config.users.map((entry) => ({ ...entry, user: { token } })) };
    const jobs = roles.map((role) => ({
      job_name: role,
      kubernetes_sd_configs: [{ role, kubeconfig_file: `${folder}.json` }],
    }));
    writeFileSync(join(dir, `${folder}.json`), JSON.stringify(kubeconfig), { mode: 0o600 });
    writeFileSync(join(dir, `${folder}.yml`), JSON.stringify({ scrape_configs: jobs }));
    const child = spawn(
      program,
      [
        `--config.file=${join(dir, `${folder}.yml`)}`,
        `--storage.tsdb.path=${join(dir, folder)}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    running.push(child);
    return `http://127.0.0.1:${port}`;
  }

  async function foundPods(url: string): Promise<readonly string[]> {
    const response = await fetch(`${url}/api/v1/targets?scrapePool=pod`).catch(() => undefined);
    if (response?.ok !== true) return [];
    const { data } = (await response.json()) as {
      data: { activeTargets: { discoveredLabels: Record<string, string> }[] };
    };
    return data.activeTargets.map(({ discoveredLabels }) => discoveredLabels.__address__ ?? '');
  }

  async function eventually(url: string, address: string): Promise<void> {
    const endMs = Date.now() + 60_000;
    while (Date.now() < endMs && !(await foundPods(url)).includes(address))
      await new Promise((resolve) => setTimeout(resolve, 250));
    expect(await foundPods(url)).toContain(address);
  }

  test('follows a pod that gets its address after the start', async () => {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/finder/token`;
    const { body } = await post(path, {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      spec: {},
    });
    const url = await start('valid', (body as { status: { token: string } }).status.token);
    while ((await fetch(`${url}/-/ready`).catch(() => undefined))?.ok !== true)
      await new Promise((resolve) => setTimeout(resolve, 100));
    const status = { phase: 'Running', podIP: '127.0.0.9', podIPs: [{ ip: '127.0.0.9' }] };
    await send(target, {
      method: 'PATCH',
      path: `/api/v1/namespaces/${namespace}/pods/p/status`,
      body: { status },
      contentType: 'application/merge-patch+json',
    });
    await eventually(url, '127.0.0.9:80');
  });

  test('a token that is not valid is refused', async () => {
    const answer = await send({ ...target, token: 'not.a.token' }, { method: 'GET', path: '/api/v1/pods' });
    expect([answer.status, (answer.body as { reason: string }).reason]).toEqual([401, 'Unauthorized']);
  });
});
