import type { Manifest } from '../render/workload/manifest.ts';
import type { AppliedVersions } from './children.ts';
import { identityOf, type KubeObject } from './object.ts';

/** An own write to one child. */
interface Written {
  /** The object as the write left it; absent: it was deleted. */
  readonly object: KubeObject | undefined;
  readonly hash?: string;
  /** The cache has not shown it, or anything later, yet. */
  readonly pending: boolean;
  /** Versions that own writes left, newest last: their echoes bring nothing new. */
  readonly versions: readonly string[];
}

/** Echoes of own writes that may still be on their way. */
const rememberedVersions = 16;

/**
 * A cache of children plus this process's own writes that the cache has not seen yet: a reconcile that follows at once
 * neither repeats them nor mistakes the old state for a change by others.
 */
export class LiveChildren {
  readonly #written = new Map<string, Written>();

  /** The newest known state: `cached`, with own later writes laid over it. */
  overlay(cached: ReadonlyMap<string, KubeObject>): Map<string, KubeObject> {
    const live = new Map(cached);
    for (const [identity, { object, pending }] of this.#written) {
      if (!pending) continue;
      if (object === undefined) live.delete(identity);
      else live.set(identity, object);
    }
    return live;
  }

  /** What was applied last, for `planChildren`. */
  get applied(): AppliedVersions {
    const applied = new Map<string, { hash: string; resourceVersion: string }>();
    for (const [identity, { hash, versions }] of this.#written) {
      const resourceVersion = versions.at(-1);
      if (hash !== undefined && resourceVersion !== undefined)
        applied.set(identity, { hash, resourceVersion });
    }
    return applied;
  }

  /** The cache shows `object` now, or (`deleted`) no longer. Returns whether that is only the echo of an own write. */
  cacheShows(object: KubeObject, deleted: boolean): boolean {
    const identity = identityOf(object);
    const written = this.#written.get(identity);
    if (written === undefined) return false;
    const { resourceVersion = '' } = object.metadata;
    const isOwnRemoval = written.object === undefined && written.pending;
    const isEcho = deleted ? isOwnRemoval : written.versions.includes(resourceVersion);
    const isOlder = isEcho && !deleted && resourceVersion !== written.versions.at(-1);
    if (isOlder) return true;
    if (deleted) this.#written.delete(identity);
    else this.#written.set(identity, { ...written, object: undefined, pending: false });
    return isEcho;
  }

  /**
   * `before` and `now`: what the cache showed when the write began, and shows when it has ended. Where it has moved
   * meanwhile it may already be past the write, so the cache is believed; at worst a write is repeated.
   */
  wrote(
    manifest: Manifest,
    hash: string,
    stored: KubeObject,
    before: KubeObject | undefined,
    now: KubeObject | undefined,
  ): void {
    const identity = identityOf(manifest);
    const { resourceVersion = '' } = stored.metadata;
    const earlier = this.#written.get(identity)?.versions ?? [];
    const versions = [...earlier.filter((version) => version !== resourceVersion), resourceVersion];
    const hasMoved = before?.metadata.resourceVersion !== now?.metadata.resourceVersion;
    this.#written.set(identity, {
      object: stored,
      hash,
      // A write that changed nothing has no echo.
      pending: !hasMoved && earlier.at(-1) !== resourceVersion,
      versions: versions.slice(-rememberedVersions),
    });
  }

  removed(object: KubeObject): void {
    this.#written.set(identityOf(object), { object: undefined, pending: true, versions: [] });
  }
}
