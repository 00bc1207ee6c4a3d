/** How pods of a stack reach its bucket: a Secret with its description, or a claim whose folder it is. */
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { mountPaths } from '../names.ts';

/** Name of the mounted file, whatever its key in the Secret. */
export const objectStoreFile = 'objstore.yml';

export interface ObjectStoreAccess {
  /** Option of promfleet's commands that names the bucket. */
  readonly option: string;
  readonly volume: Readonly<Record<string, unknown>>;
  mount(access: 'read' | 'write'): Readonly<Record<string, unknown>>;
}

/** Undefined for a stack without a bucket. */
export function objectStoreAccess(stack: MonitoringStack): ObjectStoreAccess | undefined {
  const { secretRef, volumeClaim } = stack.spec.objectStore ?? {};
  if (secretRef !== undefined)
    return {
      option: `--objstore-config=${mountPaths.objectStore}/${objectStoreFile}`,
      volume: {
        name: 'objstore',
        secret: {
          secretName: secretRef.name,
          items: [{ key: secretRef.key ?? objectStoreFile, path: objectStoreFile }],
        },
      },
      mount: () => ({ name: 'objstore', mountPath: mountPaths.objectStore, readOnly: true }),
    };
  if (volumeClaim === undefined) return undefined;
  return {
    option: `--bucket-dir=${mountPaths.bucket}`,
    volume: { name: 'bucket', persistentVolumeClaim: { claimName: volumeClaim.name } },
    mount: (access) => ({
      name: 'bucket',
      mountPath: mountPaths.bucket,
      ...(access === 'read' ? { readOnly: true } : {}),
    }),
  };
}

/** Whether a shipper runs beside every Prometheus. */
export function ships(stack: MonitoringStack): boolean {
  return stack.spec.objectStore !== undefined && stack.spec.objectStore.shipper?.enabled !== false;
}
