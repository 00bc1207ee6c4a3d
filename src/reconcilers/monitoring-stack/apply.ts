import { limits } from '../../base/limits.ts';
import type { Manifest } from '../../render/workload/manifest.ts';
import { manifestHash, planChildren } from '../children.ts';
import type { LiveChildren } from '../live-children.ts';
import { identityOf, type KubeObject } from '../object.ts';
import type { Breather, ObjectWriter } from '../ports.ts';
import type { Half } from './prometheus-half.ts';

/**
 * Writes what differs, phase by phase: a later phase may rely on all that comes before it (slots before the index that
 * names them, rights before the pods that need them). Leftovers are removed last. Returns the number of writes. `shown` is
 * what the cache shows at any time.
 */
export async function applyChildren(
  phases: readonly (readonly Manifest[])[],
  cached: ReadonlyMap<string, KubeObject>,
  memory: LiveChildren,
  writer: ObjectWriter,
  shown: (identity: string) => KubeObject | undefined,
  breather: Breather,
): Promise<number> {
  const live = memory.overlay(cached);
  const desired = phases.flat();
  const plan = planChildren(desired, live, memory.applied);
  const due = new Set(plan.apply.map(identityOf));
  const ready = new Map(plan.apply.map((manifest) => [identityOf(manifest), manifest]));
  for (const phase of phases) {
    const manifests = phase.filter((manifest) => due.has(identityOf(manifest)));
    await inParallel(manifests, async (manifest) => {
      await breather.breathe();
      const identity = identityOf(manifest);
      const before = shown(identity);
      const stored = await writer.apply(ready.get(identity)!);
      memory.wrote(manifest, manifestHash(manifest), stored, before, shown(identity));
    });
  }
  // Secrets first: they cannot be listed, and only what is still there tells their names after a crash.
  const isSecret = ({ kind }: KubeObject) => kind === 'Secret';
  for (const part of [plan.remove.filter(isSecret), plan.remove.filter((object) => !isSecret(object))]) {
    await inParallel(part, async (object) => {
      await writer.remove(object);
      memory.removed(object);
    });
  }
  return plan.apply.length + plan.remove.length;
}

/** What takes long of planning, for one after the other; it is remembered. */
export async function hashManifests(
  phases: readonly (readonly Manifest[])[],
  breather: Breather,
): Promise<void> {
  for (const manifest of phases.flat()) {
    manifestHash(manifest);
    await breather.breathe();
  }
}

/** All of them, a few at a time; the first failure is raised once those in flight have ended. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const run = async () => {
    while (next < items.length && failure === undefined) {
      const item = items[next++]!;
      try {
        await work(item);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limits.applyConcurrency, items.length) }, run));
  if (failure !== undefined) throw failure.error;
}

/**
 * Content before the indexes that name it, those before the pods. Secrets come after the reports of their pods: a Secret
 * cannot be listed, so after a crash only the report tells that it may be there.
 */
export function phasesOf(halves: readonly Half[]): Manifest[][] {
  const content = halves.flatMap((half) => half.content);
  return [
    content.filter(({ kind }) => kind !== 'Secret'),
    content.filter(({ kind }) => kind === 'Secret'),
    halves.flatMap((half) => half.indexes),
    halves.flatMap((half) => half.workloads),
  ];
}
