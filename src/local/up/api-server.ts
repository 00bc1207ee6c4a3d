import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { startApiServer } from '../apiserver/server.ts';
import { readContainerLog } from '../node/logs.ts';
import { readAccess } from './endpoint.ts';
import { layoutOf } from './layout.ts';

/**
 * What the API server's process runs: the server over its durable store. Logs of containers are read from the node's
 * state folder, so `kubectl logs` needs no connection to the node. Ends when `signal` aborts.
 */
export async function runApiServer(options: {
  readonly stateDir: string;
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}): Promise<void> {
  const layout = layoutOf(options.stateDir);
  await mkdir(dirname(layout.store), { recursive: true });
  const server = await startApiServer({
    storePath: layout.store,
    listen: { host: '127.0.0.1', port: options.port },
    access: await readAccess(layout, options.clock),
    clock: options.clock,
    log: options.log,
    podLogs: async ({ pod, podUid, namespace, container, sinceMs, ...query }, signal) =>
      (await readContainerLog(
        layout.node,
        { namespace, name: pod, uid: podUid },
        container,
        { ...query, ...(sinceMs === undefined ? {} : { sinceMs }) },
        options.clock,
        signal,
      )) ?? undefined,
  });
  options.log.info({ url: server.url }, 'API server listens');
  await new Promise<void>((resolve) => {
    if (options.signal.aborted) resolve();
    options.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await server.close();
}
