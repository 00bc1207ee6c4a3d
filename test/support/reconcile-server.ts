import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { customResourceDefinitions } from '../../src/crds/crd.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import { isConflict } from '../../src/kube/errors.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { startTarget, type Target } from '../apiserver/target.ts';
import { eventually } from './operator-run.ts';

/** An API server with our CRDs, and the operator's account as `config/rbac/operator.yaml` makes it. */
export interface ReconcileServer {
  /** For requests that no client of ours would send. */
  readonly target: Target;
  readonly admin: KubeClient;
  /** A new client with the operator's own rights. */
  operator(): KubeClient;
  close(): Promise<void>;
}

const root = join(import.meta.dirname, '..', '..');
const fast = { requestsPerSecond: 2000, burst: 2000 };
const systemNamespace = 'promfleet-system';

function clientFor(target: Target, token: string | undefined): KubeClient {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const connection = {
    server: target.url,
    namespace: systemNamespace,
    credentials: async () => ({ headers, tls: target.ca === undefined ? {} : { ca: target.ca } }),
  };
  return connect(connection, { clock: systemClock, random: systemRandom, limits: fast });
}

export async function startReconcileServer(name: Target['name']): Promise<ReconcileServer> {
  const target = await startTarget(name);
  const admin = clientFor(target, target.token);
  const clients = [admin];
  await installCrds(admin);
  await admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: systemNamespace } });
  const rights = loadAll(readFileSync(join(root, 'config', 'rbac', 'operator.yaml'), 'utf8'));
  for (const object of rights as KubeObject[])
    await admin.apply(object, { fieldManager: 'setup', force: true });
  const { body } = await admin.request({
    method: 'POST',
    path: `/api/v1/namespaces/${systemNamespace}/serviceaccounts/promfleet-operator/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7200 } },
    what: 'request a token',
  });
  const { token } = (body as { status: { token: string } }).status;
  return {
    target,
    admin,
    operator() {
      const client = clientFor(target, token);
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) await client.close();
      await target.stop();
    },
  };
}

export async function installCrds(admin: KubeClient): Promise<void> {
  for (const definition of customResourceDefinitions()) {
    const object = definition as unknown as KubeObject;
    // A real server writes status into them while we apply.
    await admin.apply(object, { fieldManager: 'setup', force: true }).catch((error: unknown) => {
      if (!isConflict(error)) throw error;
    });
  }
  await eventually('the kinds are served', async () => {
    try {
      for (const plural of [
        'monitoringstacks',
        'alertrulesets',
        'alertroutes',
        'silences',
        'retentionpolicies',
      ])
        await admin.request({
          method: 'GET',
          path: `/apis/promfleet.dev/v1alpha1/${plural}`,
          what: `list ${plural}`,
        });
      return true;
    } catch {
      return false;
    }
  });
}
