import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../../base/clock.ts';
import { type Logger, silentLogger } from '../../base/log.ts';
import { type Random, systemRandom } from '../../base/random.ts';
import { startControllers } from './controllers/controllers.ts';
import { CrdRegistrar, crdResource } from './crd/registrar.ts';
import { createHttpFront, type ExtraHandler } from './http/server.ts';
import { builtinResources } from './kinds/builtin.ts';
import { ResourceRegistry } from './kinds/registry.ts';
import type { JsonObject } from './object.ts';
import type { ServerContext } from './rest/context.ts';
import { memoryChangeLog, openChangeLog } from './store/change-log.ts';
import { Store } from './store/store.ts';

export interface ApiServerOptions {
  /** File of the store; without it nothing outlives the server. */
  readonly storePath?: string;
  /** Only addresses of 127.0.0.0/8. Port 0 takes a free one. */
  readonly listen?: { readonly host?: string; readonly port?: number };
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Logger;
}

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  /** A kubeconfig for this server, as an object; JSON text of it is valid YAML. */
  kubeconfig(): JsonObject;
  close(): Promise<void>;
}

/** Starts a Kubernetes API server in this process. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const log = options.log ?? silentLogger;
  const host = options.listen?.host ?? '127.0.0.1';
  if (!/^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host))
    throw new Error(`the local API server listens on 127.0.0.0/8 only, not on ${host}`);
  const store = new Store(
    options.storePath === undefined ? memoryChangeLog() : openChangeLog(options.storePath),
  );
  const context: ServerContext = {
    store,
    registry: new ResourceRegistry([...builtinResources(), crdResource]),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    log,
    newUid: () => randomUUID(),
  };
  new CrdRegistrar(context).start();
  const controllers = startControllers(context, '');
  const subresources: readonly ExtraHandler[] = [];
  const { server, watches } = createHttpFront({ context, paths: [], subresources });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.listen?.port ?? 0, host, resolve);
    });
  } catch (error) {
    store.close();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  const url = `http://${host}:${port}`;
  return {
    url,
    port,
    kubeconfig: () => kubeconfigFor(url),
    async close() {
      watches.stopAll();
      controllers.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      store.close();
    },
  };
}

function kubeconfigFor(url: string): JsonObject {
  const name = 'promfleet-local';
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url } }],
    users: [{ name, user: {} }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
    'current-context': name,
  };
}
