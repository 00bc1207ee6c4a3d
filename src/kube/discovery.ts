import { KubeError } from './errors.ts';
import type { KindRef } from './object.ts';
import { builtInResources, groupVersionPath, kindKey, type ResourceType } from './resources.ts';

interface ApiResourceList {
  readonly resources?: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
  }[];
}

/** Finds how a kind is addressed: from the table of known kinds, else by asking the server once per group version. */
export class ResourceTypes {
  readonly #known: Map<string, ResourceType>;
  readonly #fetch: (path: string) => Promise<unknown>;
  readonly #pending = new Map<string, Promise<void>>();

  constructor(fetch: (path: string) => Promise<unknown>, more: readonly ResourceType[] = []) {
    this.#fetch = fetch;
    this.#known = new Map([...builtInResources, ...more].map((type) => [kindKey(type), type]));
  }

  /** Raises ApiNotFound for a kind that the server does not serve; that answer is not remembered. */
  async resolve(ref: KindRef): Promise<ResourceType> {
    const known = this.#known.get(kindKey(ref));
    if (known !== undefined) return known;
    await this.#discover(ref.apiVersion);
    const found = this.#known.get(kindKey(ref));
    if (found === undefined) {
      throw new KubeError(
        'ApiNotFound',
        `the API server does not serve kind ${ref.kind} of ${ref.apiVersion}`,
        {
          httpStatus: 404,
          reason: 'NotFound',
        },
      );
    }
    return found;
  }

  /** Whether the server serves the kind now; asks the server unless it is already known. */
  async serves(ref: KindRef): Promise<boolean> {
    try {
      await this.resolve(ref);
      return true;
    } catch (error) {
      if (error instanceof KubeError && error.code === 'ApiNotFound') return false;
      throw error;
    }
  }

  #discover(apiVersion: string): Promise<void> {
    const pending = this.#pending.get(apiVersion);
    if (pending !== undefined) return pending;
    const asked = this.#ask(apiVersion).finally(() => this.#pending.delete(apiVersion));
    this.#pending.set(apiVersion, asked);
    return asked;
  }

  async #ask(apiVersion: string): Promise<void> {
    const answer = (await this.#fetch(groupVersionPath(apiVersion))) as ApiResourceList;
    for (const { name, kind, namespaced } of answer.resources ?? []) {
      if (name.includes('/')) continue;
      const type: ResourceType = { apiVersion, kind, plural: name, namespaced };
      this.#known.set(kindKey(type), type);
    }
  }
}
