import { apiVersionOf, type ResourceType } from './resource-type.ts';

/** All served kinds: the built-in ones, and those that CRDs add and take away. */
export class ResourceRegistry {
  readonly #builtin: readonly ResourceType[];
  readonly #custom = new Map<string, readonly ResourceType[]>();
  #byPath = new Map<string, ResourceType>();
  #byKind = new Map<string, ResourceType>();
  #all: readonly ResourceType[] = [];

  constructor(builtin: readonly ResourceType[]) {
    this.#builtin = builtin;
    this.#index();
  }

  all(): readonly ResourceType[] {
    return this.#all;
  }

  find(group: string, version: string, plural: string): ResourceType | undefined {
    return this.#byPath.get(`${group}/${version}/${plural}`);
  }

  /** Any served version of the kind that `apiVersion` and `kind` name. */
  byKind(apiVersion: string, kind: string): ResourceType | undefined {
    return this.#byKind.get(`${apiVersion}/${kind}`);
  }

  byStorage(storageKey: string): ResourceType | undefined {
    return (
      this.#all.find(
        (type) => type.storageKey === storageKey && apiVersionOf(type) === type.storageApiVersion,
      ) ?? this.#all.find((type) => type.storageKey === storageKey)
    );
  }

  hasGroupVersion(group: string, version: string): boolean {
    return this.#all.some((type) => type.group === group && type.version === version);
  }

  setCustom(crdName: string, types: readonly ResourceType[]): void {
    if (types.length === 0) this.#custom.delete(crdName);
    else this.#custom.set(crdName, types);
    this.#index();
  }

  custom(crdName: string): readonly ResourceType[] {
    return this.#custom.get(crdName) ?? [];
  }

  #index(): void {
    this.#all = [...this.#builtin, ...[...this.#custom.values()].flat()];
    this.#byPath = new Map(this.#all.map((type) => [`${type.group}/${type.version}/${type.plural}`, type]));
    this.#byKind = new Map(this.#all.map((type) => [`${apiVersionOf(type)}/${type.kind}`, type]));
  }
}
