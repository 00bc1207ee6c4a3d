import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { customResourceDefinitions } from '../../src/crds/crd.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/connect.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { startApiServer } from '../../src/local/apiserver/server.ts';
import { eventually } from './operator-run.ts';

export interface ReconcileServer {
  readonly admin: KubeClient;
  /** A new client with the operator's own rights. */
  operator(): KubeClient;
  close(): Promise<void>;
}

const fast = { requestsPerSecond: 2000, burst: 2000 };

function clientFor(url: string): KubeClient {
  const connection = {
    server: url,
    namespace: 'default',
    credentials: async () => ({ headers: {}, tls: {} }),
  };
  return connect(connection, { clock: systemClock, random: systemRandom, limits: fast });
}

/** The local API server in this process, with our CRDs. */
export async function startReconcileServer(): Promise<ReconcileServer> {
  const server = await startApiServer();
  const admin = clientFor(server.url);
  const clients = [admin];
  await installCrds(admin);
  return {
    admin,
    operator() {
      const client = clientFor(server.url);
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) await client.close();
      await server.close();
    },
  };
}

export async function installCrds(admin: KubeClient): Promise<void> {
  for (const definition of customResourceDefinitions())
    await admin.apply(definition as unknown as KubeObject, { fieldManager: 'setup', force: true });
  await eventually('the kinds are served', async () => {
    try {
      await admin.request({
        method: 'GET',
        path: '/apis/promfleet.dev/v1alpha1/monitoringstacks',
        what: 'list',
      });
      await admin.request({ method: 'GET', path: '/apis/promfleet.dev/v1alpha1/silences', what: 'list' });
      return true;
    } catch {
      return false;
    }
  });
}
