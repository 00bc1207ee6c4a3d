import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import { watch } from '../../controllers/controller.ts';
import type { Informer } from '../../controllers/informer.ts';
import { Manager } from '../../controllers/manager.ts';
import { controllerKey, ownKey } from '../../controllers/mapping.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isNotFound } from '../../kube/errors.ts';
import { type KubeObject, keyOf, refOf } from '../../kube/object.ts';
import { claimReconciler, namespaceReconciler } from './controllers/cluster.ts';
import { fieldManager, type NodeContext } from './controllers/context.ts';
import { PodWorkers, podReconciler } from './controllers/pods.ts';
import { serviceReconciler } from './controllers/services.ts';
import {
  deploymentReconciler,
  replicaSetReconciler,
  statefulSetReconciler,
} from './controllers/workloads.ts';
import { EventWriter } from './events.ts';
import { registerNode } from './node-object.ts';
import { isFinished } from './plan/pod-facts.ts';
import { AddressBook, hasLoopbackAliases } from './pod/addresses.ts';
import { assignPod } from './pod/assign.ts';
import type { DataSource } from './pod/environment.ts';
import { endUnrecorded, podFolderName, removeForgottenPods } from './pod/leftovers.ts';
import { nodeMarker } from './pod/process.ts';
import type { ContainerProgram } from './pod/programs.ts';
import { programOf } from './pod/programs.ts';
import type { PodHost } from './pod/worker.ts';
import { ServiceForwarders } from './proxy/forwarder.ts';
import { startNameProxy } from './proxy/name-proxy.ts';
import { resolveServiceName } from './resolve.ts';
import { PodTokens } from './tokens.ts';
import type {
  Deployment,
  KeyedData,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  Service,
  StatefulSet,
} from './types.ts';

export const nodeName = 'local';
const hostIP = '127.0.0.1';
/** Port of the name proxy on its own address. */
const nameProxyPort = 3128;

export interface NodeOptions {
  readonly client: KubeClient;
  /** Absolute folder that holds everything of the node. */
  readonly stateDir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Where containers reach the API server. */
  readonly apiServer: { readonly host: string; readonly port: number; readonly caCertificate: string };
  /** File and leading arguments of a program. */
  readonly program: (name: ContainerProgram) => Promise<{ file: string; args: readonly string[] }>;
  /** PATH and the like for containers. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Repeats work while the API server is away; once when absent. */
  readonly persist?: (work: () => Promise<void>) => Promise<void>;
  /** Forces pods to share 127.0.0.1; found out by itself when absent. */
  readonly sharedAddress?: boolean;
}

export interface RunningNode {
  /** Resolves when the caches are filled and the pods of an earlier run are taken over. */
  readonly started: Promise<void>;
  readonly addresses: AddressBook;
  /** Ends the processes of all pods, keeps their data. */
  stop(graceMs?: number): Promise<void>;
  /** Rejects when the node cannot go on. */
  readonly failed: Promise<never>;
}

/** The state folders of a node, for others that read them (logs, down). */
export function nodeFolders(stateDir: string): {
  pods: string;
  volumes: string;
  memory: string;
  addresses: string;
} {
  const memoryRoot = existsSync('/dev/shm') ? '/dev/shm' : join(stateDir, 'memory');
  const id = createHash('sha256').update(stateDir).digest('hex').slice(0, 12);
  return {
    pods: join(stateDir, 'pods'),
    volumes: join(stateDir, 'volumes'),
    memory: join(memoryRoot, `promfleet-${id}`),
    addresses: join(stateDir, 'addresses.json'),
  };
}

/** Starts the node and the controllers of the control plane. The API server answers already. */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { client, clock, random, log, stateDir } = options;
  const folders = nodeFolders(stateDir);
  await mkdir(folders.pods, { recursive: true });
  await mkdir(folders.memory, { recursive: true, mode: 0o700 });
  for (const pid of await endUnrecorded(stateDir)) log.warn({ pid }, 'ended a process that no record names');
  const shared = options.sharedAddress ?? !(await hasLoopbackAliases());
  const addresses = new AddressBook(folders.addresses, { salt: stateDir, shared, random });
  await (options.persist ?? ((work) => work()))(() =>
    registerNode(client, nodeName, hostIP, `${new Date(clock.nowMs()).toISOString().slice(0, 19)}Z`),
  );

  const manager = new Manager({ client, clock, random, log });
  const core = <T extends KubeObject>(apiVersion: string, kind: string) =>
    manager.informer<T>({ apiVersion, kind });
  const caches = {
    pods: core<Pod>('v1', 'Pod'),
    services: core<Service>('v1', 'Service'),
    claims: core<PersistentVolumeClaim>('v1', 'PersistentVolumeClaim'),
    namespaces: core<KubeObject>('v1', 'Namespace'),
    statefulSets: core<StatefulSet>('apps/v1', 'StatefulSet'),
    replicaSets: core<ReplicaSet>('apps/v1', 'ReplicaSet'),
    deployments: core<Deployment>('apps/v1', 'Deployment'),
  };
  const configMaps = core<DataObject>('v1', 'ConfigMap');
  const secrets = core<DataObject>('v1', 'Secret');
  const events = new EventWriter(client, { clock, log, host: nodeName });
  const context: NodeContext = {
    client,
    clock,
    random,
    log,
    caches,
    assign: (pod) => assignPod(pod, nodeName, addresses),
    event: (object, type, reason, message) => events.write(object, type, reason, message),
  };
  const resolve = (host: string, port: number | null) =>
    resolveServiceName(host, port, { services: caches.services.store, pods: caches.pods.store, addresses });
  const proxyPort = await addresses.port('service', 'kube-system', 'name-proxy', nameProxyPort);
  const nameProxy = await startNameProxy(addresses.service('kube-system', 'name-proxy'), proxyPort, resolve);
  const forwarders = new ServiceForwarders(addresses);
  const tokens = new PodTokens(client);
  caches.pods.onChange(({ type, object }) => {
    if (type === 'deleted') tokens.forget(object.metadata.uid ?? '');
  });

  const host: PodHost = {
    clock,
    log,
    nodeName,
    hostIP,
    account: {
      token: (pod, audience) => tokens.token(pod, audience),
      caCertificate: options.apiServer.caCertificate,
    },
    data: (namespace) => dataSource(namespace, configMaps, secrets),
    folders: ({ metadata: { namespace = '', name = '', uid = '' } }) => ({
      podDir: join(folders.pods, podFolderName(namespace, name, uid)),
      memoryDir: join(folders.memory, uid),
      claimDir: (claimNamespace, claimName) => {
        const claim = caches.claims.store.get(`${claimNamespace}/${claimName}`);
        return claim === undefined ? null : claimDir(claim);
      },
    }),
    address: ({ metadata: { namespace = '', name = '' } }) => addresses.pod(namespace, name),
    resolve,
    baseEnvironment: (pod) => baseEnvironment(pod, options, nameProxy.url),
    program: async (container) => {
      const name = programOf(container);
      if (name === null) throw new Error(`"${container.command?.[0] ?? ''}" is not a program of this node`);
      return await options.program(name);
    },
    writeStatus: async (pod, status) => {
      await ignoreGone(client.mergePatch(refOf(pod), { status }, { subresource: 'status', fieldManager }));
    },
    finalise: async (pod) => {
      await ignoreGone(
        client.delete(refOf(pod), {
          gracePeriodSeconds: 0,
          ...(pod.metadata.uid === undefined ? {} : { uid: pod.metadata.uid }),
        }),
      );
    },
    event: (pod, type, reason, message) => events.write(pod, type, reason, message),
  };
  const workers = new PodWorkers(host);
  configMaps.onChange(({ object }) => workers.dataChanged(object.metadata.namespace ?? ''));
  secrets.onChange(({ object }) => workers.dataChanged(object.metadata.namespace ?? ''));

  const claimDir = (claim: PersistentVolumeClaim) => {
    const { namespace = '', name = '', uid = '' } = claim.metadata;
    return join(folders.volumes, `${namespace}_${name}_${uid}`);
  };
  // Volumes are reclaimed by deletion, as with a dynamic provisioner's default.
  caches.claims.onChange(({ type, object }) => {
    if (type === 'deleted')
      void rm(claimDir(object), { recursive: true, force: true }).catch(() => undefined);
  });

  const concurrency = limits.nodeReconcileConcurrency;
  const owned = (kind: string) => watch(caches.pods, controllerKey({ group: 'apps', kind }));
  const inNamespace = <T extends KubeObject>(cache: Informer<T>) => {
    return ({ object }: { object: KubeObject }) =>
      cache.store.list(object.metadata.namespace ?? '').map(keyOf);
  };
  manager.controller({
    name: 'pod',
    concurrency: concurrency * 4,
    watches: [watch(caches.pods, ownKey)],
    reconciler: podReconciler(context, workers, nodeName),
  });
  manager.controller({
    name: 'statefulset',
    concurrency,
    watches: [
      watch(caches.statefulSets, ownKey),
      owned('StatefulSet'),
      watch(caches.claims, inNamespace(caches.statefulSets)),
    ],
    reconciler: statefulSetReconciler(context),
  });
  manager.controller({
    name: 'replicaset',
    concurrency,
    watches: [watch(caches.replicaSets, ownKey), owned('ReplicaSet')],
    reconciler: replicaSetReconciler(context),
  });
  manager.controller({
    name: 'deployment',
    concurrency,
    watches: [
      watch(caches.deployments, ownKey),
      watch(caches.replicaSets, controllerKey({ group: 'apps', kind: 'Deployment' })),
    ],
    reconciler: deploymentReconciler(context),
  });
  manager.controller({
    name: 'service',
    concurrency,
    watches: [watch(caches.services, ownKey), watch(caches.pods, inNamespace(caches.services))],
    reconciler: serviceReconciler(context, forwarders),
  });
  manager.controller({
    name: 'claim',
    watches: [watch(caches.claims, ownKey)],
    reconciler: claimReconciler(context),
  });
  manager.controller({
    name: 'namespace',
    watches: [watch(caches.namespaces, ownKey)],
    reconciler: namespaceReconciler(context, options.apiServer.caCertificate),
  });

  const stopManager = new AbortController();
  const running = manager.run(stopManager.signal);
  const failed = running.then<never>(() => new Promise<never>(() => {}));
  failed.catch(() => undefined);
  const started = Promise.all(
    [...Object.values(caches), configMaps, secrets].map((informer: { whenSynced(): Promise<void> }) =>
      informer.whenSynced(),
    ),
  ).then(async () => {
    const uids = new Set(caches.pods.store.list().map((pod) => pod.metadata.uid));
    await removeForgottenPods(stateDir, folders.memory, (uid) => uids.has(uid), clock);
    // What an earlier run said of its pods is void until each has been looked at.
    const assigned = caches.pods.store
      .list()
      .filter((pod) => pod.spec.nodeName === nodeName && !isFinished(pod));
    await workers.reported(
      assigned,
      (pod) => caches.pods.store.get(keyOf(pod))?.metadata.uid === pod.metadata.uid,
    );
  });
  started.catch(() => undefined);
  return {
    started,
    failed,
    addresses,
    async stop(graceMs = limits.nodeStopGraceMs) {
      await workers.stopAll(graceMs);
      stopManager.abort();
      await running.catch(() => undefined);
      await forwarders.closeAll();
      await nameProxy.close();
      await addresses.saved();
    },
  };
}

interface DataObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

function dataSource(
  namespace: string,
  configMaps: Informer<DataObject>,
  secrets: Informer<DataObject>,
): DataSource {
  return {
    configMap: (name) => decoded(configMaps.store.get(`${namespace}/${name}`), 'utf8'),
    secret: (name) => decoded(secrets.store.get(`${namespace}/${name}`), 'base64'),
  };
}

function decoded(object: DataObject | undefined, encoding: 'utf8' | 'base64'): KeyedData | undefined {
  if (object === undefined) return undefined;
  const data = Object.entries(object.data ?? {}).map(
    ([key, value]) => [key, Buffer.from(value, encoding)] as const,
  );
  const binary = Object.entries(object.binaryData ?? {}).map(
    ([key, value]) => [key, Buffer.from(value, 'base64')] as const,
  );
  return new Map([...data, ...binary]);
}

function baseEnvironment(pod: Pod, options: NodeOptions, proxyUrl: string): ReadonlyMap<string, string> {
  const { host, port } = options.apiServer;
  return new Map([
    ['PATH', options.environment.PATH ?? '/usr/bin:/bin'],
    ['TMPDIR', options.environment.TMPDIR ?? '/tmp'],
    ['HOSTNAME', pod.spec.hostname ?? pod.metadata.name ?? ''],
    [nodeMarker, options.stateDir],
    ['KUBERNETES_SERVICE_HOST', host],
    ['KUBERNETES_SERVICE_PORT', String(port)],
    ['KUBERNETES_SERVICE_PORT_HTTPS', String(port)],
    ['HTTP_PROXY', proxyUrl],
    ['HTTPS_PROXY', proxyUrl],
  ]);
}

async function ignoreGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
