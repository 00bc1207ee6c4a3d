import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { loadAll } from 'js-yaml';
import { CodedError, LimitExceededError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { KubeObject } from '../../kube/object.ts';

/** Kinds that others need, first to last; kinds that are not listed come between `Service` and the end. */
const order = [
  'Namespace',
  'CustomResourceDefinition',
  'StorageClass',
  'PersistentVolume',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'ConfigMap',
  'Secret',
  'PersistentVolumeClaim',
  'Service',
];
const last = ['MonitoringStack', 'AlertRuleSet', 'AlertRoute', 'Silence', 'RetentionPolicy'];

/** All objects of the YAML and JSON files at `path` (a file, or a folder with everything below), in the order to apply. */
export async function readManifests(path: string): Promise<readonly KubeObject[]> {
  const files = await manifestFiles(path);
  const objects: KubeObject[] = [];
  for (const file of files) {
    objects.push(...parseManifests(await readFile(file, 'utf8'), relative(process.cwd(), file)));
  }
  if (objects.length === 0) throw new CodedError('ManifestInvalid', `${path}: no manifests there`);
  return inOrder(objects);
}

async function manifestFiles(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => null);
  if (found === null) throw new CodedError('ManifestInvalid', `${path}: no such file or folder`);
  if (found.isFile()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/(^|\/)(node_modules|\.)/.test(relative(path, file)))
    .sort();
  if (files.length > limits.manifestFiles) {
    throw new LimitExceededError(`${path}: more than ${limits.manifestFiles} manifest files`);
  }
  return files;
}

/** Objects of one file; Lists are opened. Throws ManifestInvalid with the file's name. */
export function parseManifests(text: string, file: string): readonly KubeObject[] {
  if (Buffer.byteLength(text) > limits.manifestDocumentBytes) {
    throw new LimitExceededError(`${file}: larger than ${limits.manifestDocumentBytes} bytes`);
  }
  let documents: unknown[];
  try {
    documents = loadAll(text);
  } catch (error) {
    throw new CodedError(
      'ManifestInvalid',
      `${file}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return documents.flatMap((document, i) =>
    document == null ? [] : objectsOf(document, `${file}, document ${i + 1}`),
  );
}

function objectsOf(document: unknown, place: string): readonly KubeObject[] {
  const object = document as {
    apiVersion?: unknown;
    kind?: unknown;
    metadata?: { name?: unknown };
    items?: unknown;
  };
  if (
    typeof object !== 'object' ||
    typeof object.apiVersion !== 'string' ||
    typeof object.kind !== 'string'
  ) {
    throw new CodedError('ManifestInvalid', `${place}: needs apiVersion and kind`);
  }
  if (object.kind === 'List' && Array.isArray(object.items)) {
    return object.items.flatMap((item, i) => objectsOf(item, `${place}, item ${i + 1}`));
  }
  if (typeof object.metadata?.name !== 'string') {
    throw new CodedError('ManifestInvalid', `${place}: ${object.kind} needs metadata.name`);
  }
  return [document as KubeObject];
}

/** Stable: objects of one rank keep the order of their files. */
export function inOrder(objects: readonly KubeObject[]): readonly KubeObject[] {
  const rank = ({ kind }: KubeObject) => {
    const first = order.indexOf(kind);
    if (first >= 0) return first;
    const end = last.indexOf(kind);
    return end < 0 ? order.length : order.length + 1 + end;
  };
  return [...objects].sort((a, b) => rank(a) - rank(b));
}
