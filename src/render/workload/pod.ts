/** Parts of a pod that are the same for every server. */
import type { MonitoringStack, ResourceRequirements, StorageSpec } from '../../crds/monitoring-stack.ts';
import { containerNames, mountPaths, ports, reportName, type Server } from '../names.ts';
import { compact } from './manifest.ts';
import type { ObjectStoreAccess } from './object-store.ts';
import { reloaderTlsArgs } from './tls.ts';

/** User and group `nobody`, whom the servers' images run as. */
const nobodyId = 65534;

/** Fits the "restricted" Pod Security Standard. */
export const podSecurityContext = {
  runAsNonRoot: true,
  runAsUser: nobodyId,
  runAsGroup: nobodyId,
  fsGroup: nobodyId,
  fsGroupChangePolicy: 'OnRootMismatch',
  seccompProfile: { type: 'RuntimeDefault' },
} as const;

export const containerSecurityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
} as const;

const agentResources = {
  requests: { cpu: '10m', memory: '64Mi' },
  limits: { memory: '256Mi' },
} as const satisfies ResourceRequirements;

/** Name of the pod and its namespace as environment variables. */
export const downwardEnvironment = [
  { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
] as const;

/**
 * The C library's allocator in the agents: one arena, and freed memory above 128 KiB goes back to the system, as what is
 * read at once (a full listing, a bundle) would else stay counted to the pod. Other C libraries ignore them.
 */
const agentAllocator = [
  { name: 'MALLOC_ARENA_MAX', value: '1' },
  { name: 'MALLOC_TRIM_THRESHOLD_', value: '131072' },
] as const;

export const configVolume = { name: 'config', emptyDir: { medium: 'Memory', sizeLimit: '256Mi' } } as const;

/**
 * The reloader twice: an init container that writes the files before the server starts, and a native sidecar
 * (an init container that restarts always), which starts before the server and stops after it.
 */
export function agentContainers(options: {
  readonly stack: MonitoringStack;
  readonly server: Server;
  readonly agentImage: string;
  readonly indexName: string;
  /** Whether the server asks its clients for certificates. */
  readonly tls: boolean;
  /** Where the sidecar ships the blocks of its server; absent: nowhere. */
  readonly shipsTo?: ObjectStoreAccess | undefined;
}): readonly Record<string, unknown>[] {
  const { server, shipsTo, tls } = options;
  const { reloader, loopback } = ports;
  const shared = [
    `--server=${server}`,
    '--namespace=$(POD_NAMESPACE)',
    `--index=${options.indexName}`,
    `--report=${reportName('$(POD_NAME)')}`,
    `--config-dir=${mountPaths.config}`,
    `--service-account-dir=${mountPaths.serviceAccount}`,
  ];
  const common = {
    image: options.agentImage,
    command: ['promfleet'],
    env: [...downwardEnvironment, ...agentAllocator],
    volumeMounts: [{ name: 'config', mountPath: mountPaths.config }],
    securityContext: containerSecurityContext,
    resources: options.stack.spec.agents?.resources ?? agentResources,
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
  return [
    { name: containerNames.init, args: ['reloader', '--init', ...shared], ...common },
    {
      name: containerNames.reloader,
      restartPolicy: 'Always',
      args: [
        'reloader',
        ...shared,
        `--server-url=${tls ? 'https' : 'http'}://localhost:${ports[server].number}`,
        `--listen-address=0.0.0.0:${reloader.number}`,
        ...(tls ? reloaderTlsArgs(options.stack, server) : []),
        ...(shipsTo === undefined ? [] : shipperArgs(options.stack, shipsTo)),
      ],
      ...common,
      ...(shipsTo === undefined
        ? {}
        : {
            volumeMounts: [
              ...common.volumeMounts,
              { name: 'data', mountPath: mountPaths.data },
              shipsTo.mount('write'),
            ],
          }),
      ports: [
        { name: reloader.name, containerPort: reloader.number },
        ...(tls ? [{ name: loopback.name, containerPort: loopback[server] }] : []),
      ],
      livenessProbe: {
        httpGet: { path: '/healthz', port: reloader.name, ...(tls ? { scheme: 'HTTPS' } : {}) },
        periodSeconds: 15,
        timeoutSeconds: 5,
        failureThreshold: 4,
      },
    },
  ];
}

/** Options of the reloader that make it ship too. */
function shipperArgs({ spec }: MonitoringStack, { option }: ObjectStoreAccess): readonly string[] {
  const { compacted, maxBytesPerSecond } = spec.objectStore?.shipper ?? {};
  return [
    option,
    `--tsdb-dir=${mountPaths.data}`,
    ...(compacted === true ? ['--ship-compacted'] : []),
    ...(maxBytesPerSecond === undefined ? [] : [`--max-bytes-per-second=${maxBytesPerSecond}`]),
  ];
}

/** Prefers different nodes and zones for the pods that `selector` matches, but never keeps one from running. */
export function softSpread(selector: Readonly<Record<string, string>>): readonly Record<string, unknown>[] {
  return ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: selector },
  }));
}

/** Volume of each replica: a claim template where storage is declared, else an emptyDir that goes with the pod. */
export function dataVolume(
  storage: StorageSpec | undefined,
  labels: Readonly<Record<string, string>>,
): { readonly volumes: readonly unknown[]; readonly claims: readonly unknown[] | undefined } {
  if (storage === undefined) return { volumes: [{ name: 'data', emptyDir: {} }], claims: undefined };
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', labels },
    spec: compact({
      accessModes: ['ReadWriteOnce'],
      storageClassName: storage.storageClassName,
      resources: { requests: { storage: String(storage.size) } },
    }),
  };
  return { volumes: [], claims: [claim] };
}

/** What becomes of claims: they stay unless the stack says otherwise, and always when it is scaled down. */
export function claimRetention(storage: StorageSpec | undefined): Record<string, unknown> | undefined {
  return storage === undefined
    ? undefined
    : { whenDeleted: storage.whenDeleted ?? 'Retain', whenScaled: 'Retain' };
}
