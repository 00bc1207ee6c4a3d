/**
 * Gives claims of the class "folders" their volumes, which are folders of the node, lets them grow and removes them: what
 * the provisioner and the resizer of a cluster do.
 *   node provisioner.ts KUBECONFIG FOLDER
 */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock as clock } from '../../../src/base/clock.ts';
import { systemRandom as random } from '../../../src/base/random.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { connect, findConnection } from '../../../src/kube/connect.ts';
import { listAll } from '../../../src/kube/list.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import { folderVolume, storageClass } from './objects.ts';

const intervalMs = 300;
const fieldManager = 'folder-provisioner';
const v1 = 'v1';

interface Claim extends KubeObject {
  readonly spec: {
    readonly storageClassName?: string;
    readonly volumeName?: string;
    readonly accessModes: readonly string[];
    readonly resources: { readonly requests: { readonly storage: string } };
  };
  readonly status?: { readonly phase?: string; readonly capacity?: { readonly storage?: string } };
}

interface Volume extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly name: string };
  readonly spec: { readonly storageClassName?: string; readonly hostPath?: { readonly path: string } };
  readonly status?: { readonly phase?: string };
}

async function turn(client: KubeClient, folder: string): Promise<void> {
  const claims = await listAll<Claim>(client, { apiVersion: v1, kind: 'PersistentVolumeClaim' });
  for (const claim of claims.items.filter(({ spec }) => spec.storageClassName === storageClass)) {
    const wanted = claim.spec.resources.requests.storage;
    const { uid = '', name = '', namespace = '' } = claim.metadata;
    const volume = claim.spec.volumeName ?? `folder-${uid}`;
    if (claim.spec.volumeName === undefined) {
      const path = join(folder, uid);
      mkdirSync(path, { recursive: true });
      chmodSync(path, 0o777);
      const { accessModes } = claim.spec;
      const object = folderVolume({
        name: volume,
        path,
        storage: wanted,
        accessModes,
        claim: { namespace, name, uid },
      });
      await client.apply(object as KubeObject, { fieldManager, force: true });
    } else if (claim.status?.phase === 'Bound' && claim.status.capacity?.storage !== wanted) {
      const capacity = { storage: wanted };
      await client.mergePatch(
        { apiVersion: v1, kind: 'PersistentVolume', name: volume },
        { spec: { capacity } },
        { fieldManager },
      );
      await client.mergePatch(
        { apiVersion: v1, kind: 'PersistentVolumeClaim', name, namespace },
        { status: { capacity } },
        { fieldManager, subresource: 'status' },
      );
    }
  }
  const volumes = await listAll<Volume>(client, { apiVersion: v1, kind: 'PersistentVolume' });
  for (const { metadata, spec, status } of volumes.items) {
    if (spec.storageClassName !== storageClass || status?.phase !== 'Released') continue;
    await client.delete({ apiVersion: v1, kind: 'PersistentVolume', name: metadata.name });
    if (spec.hostPath?.path.startsWith(`${folder}/`) === true)
      rmSync(spec.hostPath.path, { recursive: true, force: true });
  }
}

const [, , kubeconfig = '', folder = ''] = process.argv;
const connection = await findConnection({ env: {}, kubeconfig });
const client = connect(connection, { clock, random, userAgent: fieldManager });
for (;;) {
  // The API server is stopped by tests.
  await turn(client, folder).catch((error: unknown) => console.error(String(error)));
  await clock.sleep(intervalMs);
}
