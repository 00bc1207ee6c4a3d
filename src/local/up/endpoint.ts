import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { Random } from '../../base/random.ts';
import { freePort } from '../node/pod/addresses.ts';
import { readJsonFile, writeFileAtomically } from '../node/pod/files.ts';
import { endAllProcesses } from '../node/pod/leftovers.ts';
import type { Layout } from './layout.ts';

/**
 * The port of the last run, so that agents taken over still find the API; a free one when another program has it. Agents
 * of a run with another port are ended then.
 */
export async function choosePort(
  layout: Layout,
  say: (text: string) => void,
  clock: Clock,
  random: Random,
): Promise<number> {
  const file = join(layout.system, 'ports.json');
  const known = (await readJsonFile<{ apiserver: number }>(file))?.apiserver;
  if (known !== undefined && (await isFree(known))) return known;
  const port = await freePort(random);
  if (known !== undefined) {
    say(`port ${known} is taken, using ${port}`);
    await endAllProcesses(layout.node, limits.localStopGraceMs, clock);
  }
  await writeFileAtomically(file, JSON.stringify({ apiserver: port }));
  return port;
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Names the local API server; written for people and for the parts. */
export function kubeconfigText(port: number): string {
  const name = 'promfleet-local';
  // JSON is YAML.
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name, user: {} }],
      contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
      'current-context': name,
    },
    null,
    2,
  )}\n`;
}
