import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Random } from '../../base/random.ts';
import { listAll } from '../../kube/list.ts';
import { keyOf } from '../../kube/object.ts';
import { nodeFolders } from '../node/node.ts';
import { conditionOf } from '../node/plan/pod-facts.ts';
import { endAllProcesses } from '../node/pod/leftovers.ts';
import type { Pod } from '../node/types.ts';
import { connectLocal } from './connect.ts';
import { type Layout, layoutOf } from './layout.ts';
import { lockOwner } from './lock.ts';
import { endLeftPart, findPart } from './part.ts';

/**
 * Ends a local control plane wherever it is, and removes its objects and data. Downloaded programs stay unless
 * `programs` is set: they are nobody's data and costly to get again.
 */
export async function runDown(options: {
  readonly stateDir: string;
  readonly programs: boolean;
  readonly clock: Clock;
  readonly say: (text: string) => void;
}): Promise<void> {
  const { clock, say } = options;
  const layout = layoutOf(options.stateDir);
  if (!existsSync(layout.root)) return say(`nothing at ${layout.root}`);
  await endOwner(layout, clock, say);
  await endLeftPart(layout, 'operator', clock);
  await endAllProcesses(layout.node, limits.localStopGraceMs, clock);
  await endLeftPart(layout, 'apiserver', clock);
  await rm(nodeFolders(layout.node).memory, { recursive: true, force: true });
  const kept = options.programs ? [] : [layout.programs];
  for (const name of await readdir(layout.root)) {
    const path = join(layout.root, name);
    if (!kept.includes(path)) await rm(path, { recursive: true, force: true });
  }
  if (options.programs) await rm(layout.root, { recursive: true, force: true });
  say(`removed ${layout.root}${options.programs ? '' : ' (programs kept; --programs removes them too)'}`);
}

/** Asks a running `up` to end and waits for it; kills it when it does not. */
async function endOwner(layout: Layout, clock: Clock, say: (text: string) => void): Promise<void> {
  const pid = await lockOwner(layout);
  if (pid === null) return;
  say(`ending the running local control plane (process ${pid})`);
  process.kill(pid, 'SIGTERM');
  const startedMs = clock.monotonicMs();
  while ((await lockOwner(layout)) === pid) {
    if (clock.monotonicMs() - startedMs > limits.localStopGraceMs * 4) process.kill(pid, 'SIGKILL');
    await clock.sleep(limits.localPollMs);
  }
}

/** What runs now. `running` is false when no `up` is there. */
export interface LocalStatus {
  readonly running: boolean;
  readonly kubeconfig: string;
  readonly parts: readonly { readonly name: string; readonly pid: number | null }[];
  readonly pods: readonly {
    readonly name: string;
    readonly ready: boolean;
    readonly phase: string;
    readonly ip: string;
    readonly restarts: number;
  }[];
}

/** Reads the state of a local control plane. Throws LocalNotRunning when there is none. */
export async function readStatus(options: {
  stateDir: string;
  clock: Clock;
  random: Random;
}): Promise<LocalStatus> {
  const { clock, random } = options;
  const layout = layoutOf(options.stateDir);
  const owner = await lockOwner(layout);
  const apiServer = await findPart(layout, 'apiserver');
  const operator = await findPart(layout, 'operator');
  if (owner === null && apiServer === null) {
    throw new CodedError('LocalNotRunning', `no local control plane runs on ${layout.root}`);
  }
  const parts = [
    { name: 'up', pid: owner },
    { name: 'apiserver', pid: apiServer },
    { name: 'operator', pid: operator },
  ];
  const client = await connectLocal(layout.kubeconfig, clock, random);
  try {
    const { items } = await listAll<Pod>(client, { apiVersion: 'v1', kind: 'Pod' });
    const pods = items.map((pod) => ({
      name: keyOf(pod),
      ready: conditionOf(pod, 'Ready') === 'True',
      phase: pod.status?.phase ?? 'Pending',
      ip: pod.status?.podIP ?? '',
      restarts: (pod.status?.containerStatuses ?? []).reduce((sum, status) => sum + status.restartCount, 0),
    }));
    return { running: owner !== null, kubeconfig: layout.kubeconfig, parts, pods };
  } finally {
    await client.close();
  }
}

export function statusText(status: LocalStatus): string {
  const parts = status.parts.map(
    ({ name, pid }) => `${name} ${pid === null ? 'does not run' : `process ${pid}`}`,
  );
  const width = Math.max(4, ...status.pods.map(({ name }) => name.length));
  const pods = status.pods.map(
    (pod) =>
      `  ${pod.name.padEnd(width)}  ${(pod.ready ? 'ready' : pod.phase).padEnd(9)}  ${pod.ip.padEnd(15)}  ${pod.restarts} restarts`,
  );
  return [`kubeconfig ${status.kubeconfig}`, ...parts, ...pods, ''].join('\n');
}
