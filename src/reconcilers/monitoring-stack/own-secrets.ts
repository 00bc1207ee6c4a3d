import type { LiveChildren } from '../live-children.ts';
import { identityOf, type KubeObject, keyText, type ObjectKey } from '../object.ts';
import type { ObjectGetter } from '../ports.ts';
import { secretAgeMs } from '../secret-values.ts';

/**
 * The Secrets that promfleet itself writes for one stack, as the API holds them. The operator may not list Secrets,
 * so they are read by name and kept for a minute: a change by others is repaired after that.
 */
export class OwnSecrets {
  readonly #held = new Map<string, { readonly readAtMs: number; readonly object: KubeObject | undefined }>();

  /** Tells `memory` what was read, as a cache would. */
  async load(
    keys: readonly ObjectKey[],
    getter: ObjectGetter,
    nowMs: number,
    memory: Pick<LiveChildren, 'cacheShows'>,
  ): Promise<void> {
    const wanted = new Set(keys.map(keyText));
    for (const key of this.#held.keys()) if (!wanted.has(key)) this.#held.delete(key);
    await Promise.all(
      keys.map(async (key) => {
        const known = this.#held.get(keyText(key));
        if (known !== undefined && nowMs - known.readAtMs < secretAgeMs && nowMs >= known.readAtMs) return;
        const object = await getter.get('v1', 'Secret', key);
        this.#held.set(keyText(key), { readAtMs: nowMs, object });
        const shown = object ?? { apiVersion: 'v1', kind: 'Secret', metadata: key };
        memory.cacheShows(shown, object === undefined);
      }),
    );
  }

  /** The next `load` reads all of them anew. */
  forget(): void {
    this.#held.clear();
  }

  get(key: ObjectKey): KubeObject | undefined {
    return this.#held.get(keyText(key))?.object;
  }

  /** Those that exist, by identity. */
  live(): Map<string, KubeObject> {
    const live = new Map<string, KubeObject>();
    for (const { object } of this.#held.values())
      if (object !== undefined) live.set(identityOf(object), object);
    return live;
  }
}
