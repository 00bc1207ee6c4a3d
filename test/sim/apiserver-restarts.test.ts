import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { connectionFromText } from '../../src/kube/kubeconfig.ts';
import { startApiServer } from '../../src/local/apiserver/server.ts';
import { surviveRestarts } from '../support/restart-suite.ts';

async function inFolder(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'promfleet-restarts-'));
  try {
    await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

it('a controller survives restarts of the local API server: children follow, drift is repaired, rest writes nothing', async () => {
  await inFolder(async (dir) => {
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
    }
  });
});

interface Started {
  readonly child: ChildProcess;
  readonly port: number;
  readonly kubeconfig: object;
}

async function startProcess(storePath: string, port: number): Promise<Started> {
  const script = join(import.meta.dirname, '..', 'support', 'apiserver-process.ts');
  const child = spawn(process.execPath, [script, storePath, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, ...(JSON.parse(line) as Omit<Started, 'child'>) };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

it('a controller survives kill -9 of the local API server in the middle of its writes', async () => {
  await inFolder(async (dir) => {
    const storePath = join(dir, 'state.db');
    let server = await startProcess(storePath, 0);
    const connection = connectionFromText(JSON.stringify(server.kubeconfig), join(dir, 'config'));
    const restart = async () => {
      await kill(server.child);
      server = await startProcess(storePath, server.port);
    };
    try {
      await surviveRestarts({ connection, restart }, { restarts: 8, seed: 12 });
    } finally {
      await kill(server.child);
    }
  });
});
