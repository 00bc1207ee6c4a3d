import { chmod, mkdir } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import type {
  ConfigMapSource,
  Container,
  DownwardItem,
  KeyedData,
  KeyToPath,
  Pod,
  ProjectedSource,
  Volume,
} from '../types.ts';
import { type DataSource, fieldOf, MissingReference, type NodeFacts } from './environment.ts';
import { writeFilesAtomically } from './files.ts';
import type { Mount } from './translate.ts';

/** Where volumes of a pod lie. */
export interface VolumeFolders {
  /** Folder of the pod. */
  readonly podDir: string;
  /** Folder of the pod on a memory file system, where the machine has one. */
  readonly memoryDir: string;
  /** Folder of a claim, or null while it does not exist. */
  claimDir(namespace: string, claim: string): string | null;
}

/** Content that only the API server's neighbourhood can give. */
export interface ServiceAccountSource {
  /** A bearer token for the pod's service account. */
  token(pod: Pod, audience: string | undefined): Promise<string>;
  /** PEM of the API server's authority; empty where it speaks plain HTTP. */
  readonly caCertificate: string;
}

export const serviceAccountMount = '/var/run/secrets/kubernetes.io/serviceaccount';
const serviceAccountVolume = 'kube-api-access-local';

/** The pod's volumes, with the service account's as an admission plug-in of a cluster would add it. */
export function volumesOf(pod: Pod): readonly Volume[] {
  const own = pod.spec.volumes ?? [];
  if (pod.spec.automountServiceAccountToken === false) return own;
  return [
    ...own,
    {
      name: serviceAccountVolume,
      projected: {
        sources: [
          { serviceAccountToken: { path: 'token' } },
          {
            configMap: {
              name: 'kube-root-ca.crt',
              items: [{ key: 'ca.crt', path: 'ca.crt' }],
              optional: true,
            },
          },
          { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
        ],
      },
    },
  ];
}

/** Mounts of a container as folders of the node. Throws MissingReference for a mount without a volume. */
export function mountsOf(
  pod: Pod,
  container: Container,
  paths: ReadonlyMap<string, string>,
): readonly Mount[] {
  const mounts = (container.volumeMounts ?? []).map(({ name, mountPath, subPath }) => {
    const path = paths.get(name);
    if (path === undefined) throw new MissingReference(`volume "${name}" is not defined`);
    return { mountPath, hostPath: subPath === undefined ? path : join(path, safePath(subPath)) };
  });
  const account = paths.get(serviceAccountVolume);
  const mounted = mounts.some(({ mountPath }) => mountPath === serviceAccountMount);
  if (account === undefined || mounted || pod.spec.automountServiceAccountToken === false) return mounts;
  return [...mounts, { mountPath: serviceAccountMount, hostPath: account }];
}

/**
 * Makes every volume exist and its content be current; returns name -> folder. Repeating it is cheap and how changed
 * ConfigMaps and Secrets reach a running pod. Throws MissingReference while something is missing.
 */
export async function prepareVolumes(
  pod: Pod,
  folders: VolumeFolders,
  data: DataSource,
  account: ServiceAccountSource,
  facts: NodeFacts,
): Promise<ReadonlyMap<string, string>> {
  const paths = new Map<string, string>();
  for (const volume of volumesOf(pod)) {
    paths.set(volume.name, await prepareVolume(pod, volume, folders, data, account, facts));
  }
  return paths;
}

async function prepareVolume(
  pod: Pod,
  volume: Volume,
  folders: VolumeFolders,
  data: DataSource,
  account: ServiceAccountSource,
  facts: NodeFacts,
): Promise<string> {
  const disk = join(folders.podDir, 'volumes', volume.name);
  const memory = join(folders.memoryDir, volume.name);
  if (volume.persistentVolumeClaim !== undefined) {
    const { claimName } = volume.persistentVolumeClaim;
    const folder = folders.claimDir(pod.metadata.namespace ?? '', claimName);
    if (folder === null) throw new MissingReference(`persistentvolumeclaim "${claimName}" not found`);
    await mkdir(folder, { recursive: true });
    return folder;
  }
  if (volume.hostPath !== undefined) return volume.hostPath.path;
  if (volume.emptyDir !== undefined) {
    const folder = volume.emptyDir.medium === 'Memory' ? memory : disk;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }
  // What may hold secrets lies in memory, as on a cluster's node.
  const secret = volume.secret !== undefined || volume.projected !== undefined;
  const folder = secret ? memory : disk;
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o700);
  await writeFilesAtomically(folder, await contentOf(pod, volume, data, account, facts));
  return folder;
}

type Files = ReadonlyMap<string, Buffer>;

async function contentOf(
  pod: Pod,
  volume: Volume,
  data: DataSource,
  account: ServiceAccountSource,
  facts: NodeFacts,
): Promise<Files> {
  if (volume.configMap !== undefined)
    return chosen('configmap', volume.configMap, data.configMap(volume.configMap.name));
  if (volume.secret !== undefined) {
    const { secretName, ...rest } = volume.secret;
    return chosen('secret', { ...rest, name: secretName }, data.secret(secretName));
  }
  if (volume.downwardAPI !== undefined) return downward(pod, volume.downwardAPI.items ?? [], facts);
  const files = new Map<string, Buffer>();
  for (const source of volume.projected?.sources ?? []) {
    for (const [path, content] of await projected(pod, source, data, account, facts))
      files.set(path, content);
  }
  return files;
}

async function projected(
  pod: Pod,
  source: ProjectedSource,
  data: DataSource,
  account: ServiceAccountSource,
  facts: NodeFacts,
): Promise<Files> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap !== undefined) {
    if (configMap.name === 'kube-root-ca.crt') {
      // An empty authority is none: agents would ask for TLS where there is plain HTTP.
      if (account.caCertificate === '') return new Map();
      return new Map([['ca.crt', Buffer.from(account.caCertificate)]]);
    }
    return chosen('configmap', configMap, data.configMap(configMap.name));
  }
  if (secret !== undefined) return chosen('secret', secret, data.secret(secret.name));
  if (downwardAPI !== undefined) return downward(pod, downwardAPI.items ?? [], facts);
  if (serviceAccountToken !== undefined) {
    const token = await account.token(pod, serviceAccountToken.audience);
    return new Map([[safePath(serviceAccountToken.path), Buffer.from(token)]]);
  }
  return new Map();
}

function chosen(kind: string, source: ConfigMapSource, content: KeyedData | undefined): Files {
  if (content === undefined) {
    if (source.optional === true) return new Map();
    throw new MissingReference(`${kind} "${source.name}" not found`);
  }
  const items: readonly KeyToPath[] = source.items ?? [...content.keys()].map((key) => ({ key, path: key }));
  const files = new Map<string, Buffer>();
  for (const { key, path } of items) {
    const value = content.get(key);
    if (value !== undefined) files.set(safePath(path), value);
    else if (source.optional !== true) {
      throw new MissingReference(`${kind} "${source.name}" has no key ${JSON.stringify(key)}`);
    }
  }
  return files;
}

function downward(pod: Pod, items: readonly DownwardItem[], facts: NodeFacts): Files {
  return new Map(
    items.map(({ path, fieldRef }) => [
      safePath(path),
      Buffer.from(fieldRef === undefined ? '' : fieldOf(pod, fieldRef.fieldPath, facts)),
    ]),
  );
}

/** A path inside a volume. Throws MissingReference for one that would leave it. */
function safePath(path: string): string {
  const clean = normalize(path);
  if (isAbsolute(clean) || clean.split('/')[0] === '..')
    throw new MissingReference(`path ${path} leaves its volume`);
  return clean;
}
