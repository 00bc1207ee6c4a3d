import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { connectionFromText } from '../../src/kube/kubeconfig.ts';
import { startApiServer } from '../../src/local/apiserver/server.ts';
import { surviveRestarts } from '../support/restart-suite.ts';

it('a controller survives restarts of the local API server: children follow, drift is repaired, rest writes nothing', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'promfleet-restarts-'));
  const storePath = join(dir, 'state.db');
  let server = await startApiServer({ storePath });
  const connection = connectionFromText(JSON.stringify(server.kubeconfig()), join(dir, 'config'));
  const restart = async () => {
    const { port } = server;
    await server.close();
    await systemClock.sleep(30);
    server = await startApiServer({ storePath, listen: { port } });
  };
  try {
    await surviveRestarts({ connection, restart }, { restarts: 25, seed: 11 });
  } finally {
    await server.close();
    await rm(dir, { recursive: true, force: true });
  }
});
