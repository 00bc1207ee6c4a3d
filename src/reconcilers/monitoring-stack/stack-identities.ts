import { identitiesName, type Role } from '../../render/names.ts';
import { childMetadata, type Manifest } from '../../render/workload/manifest.ts';
import { hasIdentities } from '../../render/workload/tls.ts';
import type { StackState } from '../fleet/stack-state.ts';
import type { IssuePorts } from '../identities/authority.ts';
import { currentIdentities, type Identity, type IdentityData, identityOf } from '../identities/identities.ts';
import { jsonEqual } from '../json.ts';
import type { KubeObject } from '../object.ts';
import type { Half } from './prometheus-half.ts';

/**
 * Brings the certificates of the stack up to date in memory, from what its Secret holds. The Secret itself is written with
 * the other children, before any of them is in use.
 */
export function keepIdentities(stack: StackState, ports: IssuePorts): void {
  if (!hasIdentities(stack.object)) {
    stack.identities = undefined;
    return;
  }
  // What was written a moment ago is not read back at once; a Secret that somebody removed is written again as it was.
  const found = dataOf(stack.children.overlay(stack.ownSecrets.live()).get(identityOfSecret(stack)));
  const next = currentIdentities(found ?? stack.identities, stack.key, ports);
  if (!jsonEqual(next, stack.identities)) stack.identities = next;
}

/** The identity of one role; undefined where the stack has none. */
export function identityFor({ identities }: StackState, role: Role): Identity | undefined {
  return identities === undefined ? undefined : identityOf(identities, role);
}

/** The Secret, as a half without workloads. */
export function identitiesHalf(stack: StackState): Half | undefined {
  const { identities, object } = stack;
  if (identities === undefined) return undefined;
  return {
    content: [manifestOf(object, identities)],
    indexes: [],
    workloads: [],
    indexHashes: new Map(),
    slotHashes: new Map(),
    faults: [],
  };
}

function manifestOf(object: StackState['object'], identities: IdentityData): Manifest {
  const encoded = Object.entries(identities).map(([key, text]) => [
    key,
    Buffer.from(text).toString('base64'),
  ]);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: childMetadata(object, identitiesName(object.metadata.name)),
    type: 'Opaque',
    data: Object.fromEntries(encoded),
  };
}

function identityOfSecret({ key: { namespace, name } }: StackState): string {
  return `v1 Secret ${namespace}/${identitiesName(name)}`;
}

function dataOf(object: KubeObject | undefined): IdentityData | undefined {
  const data = (object as { readonly data?: Readonly<Record<string, string>> } | undefined)?.data;
  if (data === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString('utf8')]),
  );
}
