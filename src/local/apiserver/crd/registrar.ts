import { builtinTypes } from '../kinds/builtin.ts';
import type { ResourceType, Strategy } from '../kinds/resource-type.ts';
import {
  isObject,
  type JsonObject,
  type KubeObject,
  kubeTime,
  listAt,
  objectAt,
  stringAt,
} from '../object.ts';
import type { ServerContext } from '../rest/context.ts';
import { builtinColumns } from '../table/columns.ts';
import { crdFaults } from './check.ts';
import { servedTypes } from './crd.ts';

/** Held by every definition until the last of its objects is gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

const storageKey = 'apiextensions.k8s.io/customresourcedefinitions';

const strategy: Strategy = {
  generation: true,
  validate: crdFaults,
  applyDefaults(object) {
    const names = objectAt(object, 'spec', 'names');
    if (names === undefined) return;
    const kind = String(names.kind ?? '');
    names.singular ??= kind.toLowerCase();
    names.listKind ??= `${kind}List`;
    const spec = object.spec as JsonObject;
    spec.conversion ??= { strategy: 'None' };
  },
};

export const crdResource: ResourceType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  kind: 'CustomResourceDefinition',
  listKind: 'CustomResourceDefinitionList',
  namespaced: false,
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  storageKey,
  storageApiVersion: 'apiextensions.k8s.io/v1',
  builtin: true,
  schema: builtinTypes.schema('CustomResourceDefinition'),
  status: true,
  scale: undefined,
  columns: builtinColumns.CustomResourceDefinition!,
  strategy: {
    ...strategy,
    admit(object) {
      const { finalizers = [] } = object.metadata;
      if (!finalizers.includes(cleanupFinalizer))
        object.metadata.finalizers = [...finalizers, cleanupFinalizer];
    },
    prepareCreate(object) {
      object.status = {
        storedVersions: listAt(object, 'spec', 'versions')
          .filter((version) => isObject(version) && version.storage === true)
          .map((version) => stringAt(version, 'name')),
      };
    },
    prepareUpdate(object, live) {
      object.status = live.status;
    },
  },
  selectableFields: {},
};

/** Serves the kinds of stored CRDs, from the moment they are stored until they are gone. */
export class CrdRegistrar {
  readonly #context: ServerContext;

  constructor(context: ServerContext) {
    this.#context = context;
  }

  start(): void {
    const { store, registry } = this.#context;
    for (const stored of store.collection(storageKey).list(''))
      this.#register(JSON.parse(stored.json) as KubeObject);
    store.subscribe((event) => {
      if (event.object.resource !== storageKey) return;
      if (event.type === 'DELETED') registry.setCustom(event.object.name, []);
      else this.#register(JSON.parse(event.object.json) as KubeObject);
    });
  }

  #register(crd: KubeObject): void {
    this.#context.registry.setCustom(crd.metadata.name ?? '', servedTypes(crd));
    this.#establish(crd);
  }

  #establish(crd: KubeObject): void {
    if (listAt(crd, 'status', 'conditions').length > 0) return;
    const now = kubeTime(this.#context.clock.nowMs());
    const condition = (type: string, reason: string, message: string) => ({
      type,
      status: 'True',
      lastTransitionTime: now,
      reason,
      message,
    });
    const status = {
      ...(objectAt(crd, 'status') ?? {}),
      acceptedNames: objectAt(crd, 'spec', 'names'),
      conditions: [
        condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
        condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
      ],
    };
    this.#context.store.put(storageKey, '', crd.metadata.name ?? '', { ...crd, status });
  }
}
