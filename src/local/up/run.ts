import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import { customResourceDefinitions } from '../../crds/crd.ts';
import type { KubeClient } from '../../kube/client.ts';
import { listAll } from '../../kube/list.ts';
import type { KubeObject } from '../../kube/object.ts';
import { type RunningNode, startNode } from '../node/node.ts';
import { writeFileAtomically } from '../node/pod/files.ts';
import { rotateLog, rotateLogs } from '../node/pod/log-rotation.ts';
import { type ContainerProgram, programOf } from '../node/pod/programs.ts';
import type { Pod, Service } from '../node/types.ts';
import { ensureProgram } from '../programs/ensure.ts';
import { applyAll, untilEstablished } from './apply.ts';
import { connectLocal, untilAnswering } from './connect.ts';
import { choosePort, kubeconfigText, readAccess } from './endpoint.ts';
import { followLogs } from './follow.ts';
import { type Layout, layoutOf } from './layout.ts';
import { takeLock } from './lock.ts';
import { readManifests } from './manifests.ts';
import { ownProgram } from './own-program.ts';
import { endLeftPart, Part, partLog } from './part.ts';
import { persist } from './persist.ts';
import type { Progress } from './progress.ts';
import { addressesOf, summaryText } from './summary.ts';
import { untilReady } from './wait.ts';

export interface UpOptions {
  /** Absolute state folder. */
  readonly stateDir: string;
  /** Files or folders of manifests; none starts an empty control plane. */
  readonly manifests: readonly string[];
  /** Our own main file. */
  readonly mainFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly progress: Progress;
  /** Aborted when the user wants to end. */
  readonly signal: AbortSignal;
  /** Pods share 127.0.0.1; for machines, and tests, without loopback aliases. */
  readonly sharedAddress?: boolean;
}

/**
 * Starts everything, shows it, stays until `signal` aborts, and ends everything. Data stays in the state folder. Rejects with
 * a coded error when a step fails; nothing is left running then.
 */
export async function runUp(options: UpOptions): Promise<void> {
  const layout = layoutOf(options.stateDir);
  await mkdir(layout.system, { recursive: true });
  // Secrets lie in the store, and the token beside it: for their user only.
  await chmod(layout.root, 0o700);
  await takeLock(layout);
  const ending: (() => Promise<void>)[] = [];
  try {
    await startAll(options, layout, ending);
  } catch (error) {
    if (!options.signal.aborted) throw error;
  } finally {
    options.progress.line('stopping');
    for (const end of ending.reverse())
      await end().catch((error) => options.log.warn({ error: String(error) }, 'end'));
    await rm(layout.lock, { force: true });
    options.progress.line('stopped; data is kept, start again to go on');
  }
}

async function startAll(options: UpOptions, layout: Layout, ending: (() => Promise<void>)[]): Promise<void> {
  const { clock, random, progress, signal, log } = options;
  const startedMs = clock.monotonicMs();
  const objects = await readAllManifests(options.manifests);
  await obtainPrograms(options, layout, objects);
  const own = await ownProgram(options.mainFile, layout);
  const partOptions = {
    layout,
    file: own.file,
    env: definedOnly(options.environment),
    clock,
    random,
    ended: (message: string) => progress.line(message),
  };

  const { client, port, access } = await progress.step('Start the Kubernetes API', async (say) => {
    // Parts that a killed run left would hold the port and write beside us.
    for (const name of ['operator', 'apiserver'] as const) await endLeftPart(layout, name, clock);
    const port = await choosePort(layout, say, clock, random);
    const access = await readAccess(layout, clock);
    const args = [...own.args, 'local', 'apiserver', '--state-dir', layout.root, '--port', String(port)];
    const part = new Part('apiserver', { ...partOptions, args });
    await part.start();
    ending.push(() => part.stop());
    await writeFileAtomically(layout.kubeconfig, kubeconfigText(port, access));
    const client = await connectLocal(layout.kubeconfig, clock, random);
    ending.push(() => client.close());
    await untilAnswering(client, limits.localReadyTimeoutMs, signal);
    say(`https://127.0.0.1:${port}`);
    return { client, port, access };
  });

  await progress.step('Define the kinds', async (say) => {
    const definitions = customResourceDefinitions() as unknown as KubeObject[];
    await applyAll(client, definitions, say, signal);
    await untilEstablished(
      client,
      definitions.map((definition) => definition.metadata.name ?? ''),
      signal,
    );
  });

  const node = await progress.step('Start the node', async (say) => {
    const node = await startNode({
      client,
      stateDir: layout.node,
      clock,
      random,
      log,
      apiServer: { host: '127.0.0.1', port, caCertificate: access.certificate },
      program: async (name) =>
        name === 'promfleet'
          ? own
          : { file: await ensureProgram(name, { cacheDir: layout.programs }), args: [] },
      environment: options.environment,
      persist: (work) => persist(clock, signal, work),
      ...(options.sharedAddress === undefined ? {} : { sharedAddress: options.sharedAddress }),
    });
    ending.push(() => node.stop());
    await node.started;
    say(
      node.addresses.shared
        ? 'pods share 127.0.0.1, each port has a free number'
        : 'each pod has an address of its own',
    );
    return node;
  });

  await progress.step('Start the operator', async (say) => {
    const namespaces = platformNamespaces(objects);
    const args = [
      ...own.args,
      'operator',
      '--kubeconfig',
      layout.kubeconfig,
      ...operatorArguments(namespaces),
    ];
    const part = new Part('operator', { ...partOptions, args });
    await part.start();
    // Ended first: it must not repair what ends on purpose.
    ending.push(() => part.stop());
    say(`process ${part.pid}`);
  });

  if (objects.length > 0) {
    await progress.step('Apply the manifests', (say) => applyAll(client, objects, say, signal));
    await progress.step('Wait until everything is ready', (say) => untilReady(client, objects, say, signal));
  }
  const seconds = ((clock.monotonicMs() - startedMs) / 1000).toFixed(1);
  progress.line(
    summaryText(await persist(clock, signal, () => serviceAddresses(client, node)), {
      kubeconfig: layout.kubeconfig,
      seconds,
      shared: node.addresses.shared,
    }),
  );
  await stay(options, layout, client, node);
}

/** Shows notifications until the user ends it or the node fails. */
async function stay(
  options: UpOptions,
  layout: Layout,
  client: KubeClient,
  node: RunningNode,
): Promise<void> {
  const { clock, progress } = options;
  const failure = new AbortController();
  node.failed.catch((error) => failure.abort(error));
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const rotation = async () => {
    while (!signal.aborted) {
      await rotateLogs(join(layout.node, 'pods'));
      for (const part of ['apiserver', 'operator'] as const) await rotateLog(partLog(layout, part));
      await clock.sleep(limits.containerLogRotationMs, signal).catch(() => undefined);
    }
  };
  await Promise.all([rotation(), followLogs(client, layout.node, (line) => progress.line(line), signal)]);
  if (failure.signal.aborted) throw failure.signal.reason;
}

async function readAllManifests(paths: readonly string[]): Promise<readonly KubeObject[]> {
  const all: KubeObject[] = [];
  for (const path of paths) all.push(...(await readManifests(path)));
  return all;
}

async function obtainPrograms(
  options: UpOptions,
  layout: Layout,
  objects: readonly KubeObject[],
): Promise<void> {
  for (const name of programsOf(objects)) {
    await options.progress.step(`Find ${name}`, (say) =>
      ensureProgram(name, {
        cacheDir: layout.programs,
        environment: options.environment as NodeJS.ProcessEnv,
        progress: (event) => {
          const part = event.fraction === undefined ? '' : ` ${Math.floor(event.fraction * 100)}%`;
          say(`${event.message}${part}`);
        },
      }),
    );
  }
}

/** Programs that the manifests will need, so that they are had before anything starts. */
function programsOf(objects: readonly KubeObject[]): readonly Exclude<ContainerProgram, 'promfleet'>[] {
  const names = new Set<Exclude<ContainerProgram, 'promfleet'>>();
  for (const object of objects) {
    if (object.kind === 'MonitoringStack') names.add('prometheus').add('alertmanager');
    const spec = (object as { spec?: { template?: { spec?: Pod['spec'] } } }).spec?.template?.spec;
    for (const container of [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]) {
      const name = programOf(container);
      if (name !== null && name !== 'promfleet') names.add(name);
    }
  }
  return [...names].sort();
}

function platformNamespaces(objects: readonly KubeObject[]): readonly string[] {
  const stacks = objects.filter((object) => object.kind === 'MonitoringStack');
  return [...new Set(stacks.map((stack) => stack.metadata.namespace ?? 'default'))].sort();
}

function operatorArguments(namespaces: readonly string[]): readonly string[] {
  // Every address is a loopback address here.
  return ['--allow-loopback', ...namespaces.map((namespace) => `--platform-namespace=${namespace}`)];
}

async function serviceAddresses(client: KubeClient, node: RunningNode) {
  const { items } = await listAll<Service>(client, { apiVersion: 'v1', kind: 'Service' });
  const pods = await listAll<Pod>(client, { apiVersion: 'v1', kind: 'Pod' });
  return addressesOf(items, pods.items, ({ metadata: { namespace = '', name = '' } }, port) =>
    node.addresses.knownPort('service', namespace, name, port),
  );
}

function definedOnly(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
