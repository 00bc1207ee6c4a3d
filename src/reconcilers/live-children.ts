import type { Manifest } from '../render/workload/manifest.ts';
import type { AppliedVersions } from './children.ts';
import { identityOf, type KubeObject } from './object.ts';

interface Written {
  /** The object as the write left it; absent: it was deleted. */
  readonly object: KubeObject | undefined;
  /** What the cache held when it was written; the write counts until the cache moves on. */
  readonly cachedVersion: string | undefined;
  readonly hash?: string;
}

/**
 * A cache of children plus this process's own writes that the cache has not seen yet: a reconcile that follows at once
 * neither repeats them nor mistakes the old state for a change by others.
 */
export class LiveChildren {
  readonly #written = new Map<string, Written>();

  /** The newest known state: `cached`, with own later writes laid over it. */
  overlay(cached: ReadonlyMap<string, KubeObject>): Map<string, KubeObject> {
    const live = new Map(cached);
    for (const [identity, written] of this.#written) {
      if (cached.get(identity)?.metadata.resourceVersion !== written.cachedVersion) continue;
      if (written.object === undefined) live.delete(identity);
      else live.set(identity, written.object);
    }
    return live;
  }

  /** What was applied last, for `planChildren`. */
  get applied(): AppliedVersions {
    const applied = new Map<string, { hash: string; resourceVersion: string }>();
    for (const [identity, { object, hash }] of this.#written) {
      const resourceVersion = object?.metadata.resourceVersion;
      if (hash !== undefined && resourceVersion !== undefined)
        applied.set(identity, { hash, resourceVersion });
    }
    return applied;
  }

  /** Whether this is the very version that an own write left. */
  isOwn(object: KubeObject): boolean {
    const written = this.#written.get(identityOf(object))?.object;
    return written !== undefined && written.metadata.resourceVersion === object.metadata.resourceVersion;
  }

  /** `manifest` as it was before the hash annotation was added. */
  wrote(manifest: Manifest, hash: string, stored: KubeObject, cached: KubeObject | undefined): void {
    this.#written.set(identityOf(manifest), {
      object: stored,
      cachedVersion: cached?.metadata.resourceVersion,
      hash,
    });
  }

  removed(object: KubeObject, cached: KubeObject | undefined): void {
    this.#written.set(identityOf(object), {
      object: undefined,
      cachedVersion: cached?.metadata.resourceVersion,
    });
  }
}
