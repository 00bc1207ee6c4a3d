import { type Clock, systemClock } from '../../base/clock.ts';
import { StalledError, WaitingError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { systemRandom } from '../../base/random.ts';
import type { KubeClient } from '../../kube/client.ts';
import { connect, findConnection } from '../../kube/connect.ts';
import { isNotFound } from '../../kube/errors.ts';
import { listAll, type Selection } from '../../kube/list.ts';
import { type KubeObject, refOf } from '../../kube/object.ts';
import { type CliIo, exitCodes } from '../io.ts';
import { type Group, operatorPods, purgeGroups, workloadPods } from './groups.ts';

export interface UninstallOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly purge?: boolean;
  readonly keepVolumes?: boolean;
  readonly keepDefinitions?: boolean;
}

const checkIntervalMs = 500;

/** Connects, shows or removes, and returns the exit code. */
export async function runUninstall(options: UninstallOptions, io: CliIo): Promise<number> {
  const connection = await findConnection({
    env: io.env,
    ...(options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig }),
    ...(options.context === undefined ? {} : { context: options.context }),
  });
  const client = connect(connection, {
    clock: systemClock,
    random: systemRandom,
    userAgent: 'promfleet-uninstall',
  });
  try {
    return await uninstall(client, options, io, systemClock);
  } finally {
    await client.close();
  }
}

/** The command behind its connection. Can be repeated at any point: it removes what it still finds. */
export async function uninstall(
  client: KubeClient,
  options: UninstallOptions,
  io: Pick<CliIo, 'out' | 'signal'>,
  clock: Clock,
): Promise<number> {
  const groups = purgeGroups(options);
  if (options.purge !== true) {
    let total = 0;
    for (const { title, selections } of groups) {
      const count = (await find(client, selections)).length;
      if (count > 0) io.out(`${String(count).padStart(6)} ${title}\n`);
      total += count;
    }
    io.out(total === 0 ? 'promfleet has left nothing here\n' : 'promfleet uninstall --purge removes them\n');
    return exitCodes.ok;
  }
  if ((await find(client, operatorPods)).length > 0)
    throw new StalledError('OperatorRuns', 'an operator of promfleet runs in this cluster');
  for (const group of groups) await removeGroup(client, group, io, clock);
  io.out('nothing of promfleet is left\n');
  return exitCodes.ok;
}

async function removeGroup(
  client: KubeClient,
  { title, selections, before }: Group,
  io: Pick<CliIo, 'out' | 'signal'>,
  clock: Clock,
): Promise<void> {
  const endMs = clock.nowMs() + limits.purgeTimeoutMs;
  let told = 0;
  for (;;) {
    const found = await find(client, selections);
    const waits = before === 'pods are gone' ? await find(client, workloadPods) : [];
    if (found.length === 0 && waits.length === 0) break;
    if (waits.length === 0) {
      if (told === 0) io.out(`removing ${found.length} ${title}\n`);
      told = Math.max(told, found.length);
      for (const object of found) await remove(client, object);
    }
    if (clock.nowMs() > endMs) {
      const left = [...waits, ...found]
        .slice(0, 5)
        .map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
      throw new WaitingError('PurgeIncomplete', `still there: ${left.join(', ')}`, {
        retryAfterMs: checkIntervalMs,
      });
    }
    await clock.sleep(checkIntervalMs, io.signal);
  }
}

/** Deletes an object. Finalizers are taken off first: nobody is left to wait for. */
async function remove(client: KubeClient, object: KubeObject): Promise<void> {
  const ref = refOf(object);
  try {
    const held = object.metadata.finalizers?.some((name) => name.startsWith('promfleet.dev/')) === true;
    if (held) {
      const finalizers = object.metadata.finalizers?.filter((name) => !name.startsWith('promfleet.dev/'));
      await client.mergePatch(ref, { metadata: { finalizers } });
    }
    if (object.metadata.deletionTimestamp === undefined)
      await client.delete(ref, { propagationPolicy: 'Background' });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function find(client: KubeClient, selections: readonly Selection[]): Promise<KubeObject[]> {
  const found: KubeObject[] = [];
  for (const selection of selections) {
    // A kind that is not served has no objects.
    if (!(await client.serves(selection))) continue;
    const { items } = await listAll(client, selection).catch((error: unknown) => {
      if (isNotFound(error)) return { items: [] };
      throw error;
    });
    for (const item of items) found.push({ ...item, apiVersion: selection.apiVersion, kind: selection.kind });
  }
  return found;
}
