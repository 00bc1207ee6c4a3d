import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../../base/clock.ts';
import { type Logger, silentLogger } from '../../base/log.ts';
import { type Random, systemRandom } from '../../base/random.ts';
import { Authenticator } from './auth/authenticator.ts';
import type { ServerCertificate } from './auth/certificate.ts';
import { localKubeconfig } from './auth/kubeconfig.ts';
import { reviewHandler } from './auth/reviews.ts';
import { startControllers } from './controllers/controllers.ts';
import { CrdRegistrar, crdResource } from './crd/registrar.ts';
import { createHttpFront } from './http/server.ts';
import { builtinResources } from './kinds/builtin.ts';
import { ResourceRegistry } from './kinds/registry.ts';
import type { JsonObject } from './object.ts';
import type { PodLogSource } from './pod-logs.ts';
import type { ServerContext } from './rest/context.ts';
import { memoryChangeLog, openChangeLog } from './store/change-log.ts';
import { Store } from './store/store.ts';
import { logHandler, streamingHandler } from './subresources/logs.ts';
import { finalizeHandler } from './subresources/namespaces.ts';
import { bindingHandler, evictionHandler } from './subresources/pods.ts';
import { scaleHandler } from './subresources/scale.ts';
import { tokenHandler } from './subresources/tokens.ts';

export interface ApiServerOptions {
  /** File of the store; without it nothing outlives the server. */
  readonly storePath?: string;
  /** Only addresses of 127.0.0.0/8. Port 0 takes a free one. */
  readonly listen?: { readonly host?: string; readonly port?: number };
  /** Serves TLS, and only those who know the token or are service accounts. Without it whoever connects is the user. */
  readonly access?: ServerCertificate & { readonly token: string };
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Logger;
  /** Where `kubectl logs` reads; can be set later by `setPodLogs`. */
  readonly podLogs?: PodLogSource;
}

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  /** A kubeconfig for this server, as an object; JSON text of it is valid YAML. */
  kubeconfig(): JsonObject;
  /** The node starts after the server and tells here how to read the logs of its containers. */
  setPodLogs(source: PodLogSource): void;
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
  const controllers = startControllers(context);
  const authenticator = new Authenticator(context, options.access?.token);
  let podLogs = options.podLogs;
  const { server, watches } = createHttpFront({
    context,
    authenticate: (request) => void authenticator.user(request.headers.authorization),
    ...(options.access === undefined ? {} : { tls: options.access }),
    paths: [reviewHandler(authenticator)],
    subresources: [
      logHandler(context, () => podLogs),
      streamingHandler,
      bindingHandler(context),
      evictionHandler(context),
      scaleHandler(context),
      tokenHandler(context, authenticator),
      finalizeHandler(context),
    ],
  });
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
  const url = `${options.access === undefined ? 'http' : 'https'}://${host}:${port}`;
  return {
    url,
    port,
    kubeconfig: () => localKubeconfig(url, options.access),
    setPodLogs(source) {
      podLogs = source;
    },
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
