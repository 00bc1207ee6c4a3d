import { WaitingError } from '../../base/errors.ts';
import type { Manifest } from '../../render/workload/manifest.ts';
import { quantityValue } from '../../render/workload/quantity.ts';
import type { StackState } from '../fleet/stack-state.ts';
import type { LiveChildren } from '../live-children.ts';
import { identityOf, type KubeObject } from '../object.ts';
import type { ObjectGetter, ObjectWriter } from '../ports.ts';
import { declaredWorkloads } from './workloads.ts';

interface Claim {
  readonly metadata?: { readonly name?: string };
  readonly spec?: { readonly resources?: { readonly requests?: { readonly storage?: string } } };
}

function claimOf(object: KubeObject): Claim | undefined {
  return (object as { readonly spec?: { readonly volumeClaimTemplates?: readonly Claim[] } }).spec
    ?.volumeClaimTemplates?.[0];
}

function sizeOf(claim: Claim | undefined): string | undefined {
  return claim?.spec?.resources?.requests?.storage;
}

function isLarger(wanted: string | undefined, present: string | undefined): boolean {
  const [left, right] = [wanted, present].map((text) =>
    text === undefined ? undefined : quantityValue(text),
  );
  return left !== undefined && right !== undefined && left > right;
}

const retryAfterMs = 1000;

/**
 * Claim templates of a StatefulSet cannot be changed. Where a volume shall grow, the claims of its pods are grown, and the
 * StatefulSet is deleted without its pods, to be made anew around them: nothing restarts. Raises Waiting until the
 * API has let it go.
 */
export async function growVolumes(
  stack: StackState,
  desired: readonly Manifest[],
  live: ReadonlyMap<string, KubeObject>,
  memory: LiveChildren,
  ports: { readonly getter: ObjectGetter; readonly writer: ObjectWriter },
): Promise<void> {
  for (const manifest of desired) {
    const present = manifest.kind === 'StatefulSet' ? live.get(identityOf(manifest)) : undefined;
    if (present === undefined) continue;
    if (present.metadata.deletionTimestamp !== undefined)
      throw new WaitingError('NotReady', `StatefulSet ${manifest.metadata.name} is being deleted`, {
        retryAfterMs,
      });
    const [claim, before] = [claimOf(manifest), claimOf(present)];
    const wanted = sizeOf(claim);
    if (claim === undefined || wanted === undefined || !isLarger(wanted, sizeOf(before))) continue;
    const pods =
      declaredWorkloads(stack.object).find(({ name }) => name === manifest.metadata.name)?.pods ?? [];
    for (const pod of pods) await growClaim(stack, `${claim.metadata?.name}-${pod}`, wanted, ports);
    await ports.writer.remove(present, 'Orphan');
    memory.removed(present);
    throw new WaitingError(
      'NotReady',
      `StatefulSet ${manifest.metadata.name} is made anew with larger volumes`,
      {
        retryAfterMs,
      },
    );
  }
}

async function growClaim(
  { key: { namespace } }: StackState,
  name: string,
  wanted: string,
  { getter, writer }: { readonly getter: ObjectGetter; readonly writer: ObjectWriter },
): Promise<void> {
  const object = (await getter.get('v1', 'PersistentVolumeClaim', { namespace, name })) as
    | (KubeObject & Claim)
    | undefined;
  if (object === undefined || !isLarger(wanted, object.spec?.resources?.requests?.storage)) return;
  await writer.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace },
    spec: { resources: { requests: { storage: wanted } } },
  } as KubeObject);
}
