import type { ObjectMeta } from '../../crds/metadata.ts';
import { apiVersion } from '../../crds/metadata.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { type Component, childLabels } from '../names.ts';

/** A Kubernetes object as it is applied. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** Why a part of an object is left out. `path` is a field path in the stack, `code` a row of the error catalogue. */
export interface RenderFault {
  readonly path: string;
  readonly code:
    | 'ConfigInvalid'
    | 'FileFieldRefused'
    | 'FlagRefused'
    | 'FlagUnknown'
    | 'PodTemplateInvalid'
    | 'ReservedLabel';
  readonly message: string;
}

export function stackNamespace(stack: MonitoringStack): string {
  return stack.metadata.namespace ?? 'default';
}

/** Metadata of a child in the stack's own namespace: named, labelled and owned, so that it goes with the stack. */
export function childMetadata(
  stack: MonitoringStack,
  name: string,
  options: { readonly server?: Component; readonly labels?: Readonly<Record<string, string>> } = {},
): ObjectMeta {
  const { name: stackName, uid } = stack.metadata;
  return {
    name,
    namespace: stackNamespace(stack),
    labels: { ...childLabels(stackName, options.server), ...options.labels },
    ...(uid === undefined
      ? {}
      : {
          ownerReferences: [
            {
              apiVersion,
              kind: 'MonitoringStack',
              name: stackName,
              uid,
              controller: true,
              blockOwnerDeletion: true,
            },
          ],
        }),
  };
}

/** An object without its undefined members: what is absent must not be written as null. */
export function compact<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}
