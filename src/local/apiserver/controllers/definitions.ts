import { cleanupFinalizer, crdResource } from '../crd/registrar.ts';
import type { KubeObject } from '../object.ts';
import type { ServerContext } from '../rest/context.ts';
import { deleteObject } from '../rest/delete.ts';
import { update } from '../rest/write.ts';
import { controllerOptions } from './options.ts';
import { WorkList } from './work.ts';

/** Deletes the objects of definitions that are being deleted, then lets the definitions go. */
export class DefinitionController {
  readonly #context: ServerContext;
  readonly #work: WorkList;

  constructor(context: ServerContext) {
    this.#context = context;
    this.#work = new WorkList(context.log, (name) => this.#visit(name));
  }

  start(): () => void {
    const { store, registry } = this.#context;
    for (const stored of store.collection(crdResource.storageKey).list('')) this.#work.add(stored.name);
    const unsubscribe = store.subscribe(({ type, object }) => {
      if (object.resource === crdResource.storageKey) this.#work.add(object.name);
      else if (type === 'DELETED') {
        const owner = registry.byStorage(object.resource);
        if (owner !== undefined && !owner.builtin) this.#work.add(`${owner.plural}.${owner.group}`);
      }
    });
    return () => {
      unsubscribe();
      this.#work.stop();
    };
  }

  #visit(name: string): void {
    const { store, registry } = this.#context;
    const stored = store.get(crdResource.storageKey, '', name);
    if (stored === undefined) return;
    const crd = JSON.parse(stored.json) as KubeObject;
    const finalizers = crd.metadata.finalizers ?? [];
    if (crd.metadata.deletionTimestamp === undefined || !finalizers.includes(cleanupFinalizer)) return;
    const type = registry.custom(name)[0];
    const objects = type === undefined ? [] : [...store.collection(type.storageKey).list('')];
    let left = 0;
    for (const object of objects) if (!deleteObject(this.#context, type!, object, background).gone) left++;
    if (left > 0) return;
    const kept = finalizers.filter((finalizer) => finalizer !== cleanupFinalizer);
    const next = (live: KubeObject) => ({
      next: { ...live, metadata: { ...live.metadata, finalizers: kept } },
    });
    update(this.#context, crdResource, stored, next, controllerOptions, '');
  }
}

const background = {
  dryRun: false,
  graceSeconds: undefined,
  propagation: 'Background',
  preconditions: {},
} as const;
