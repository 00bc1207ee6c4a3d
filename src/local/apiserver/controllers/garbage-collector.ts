import { equalJson, type KubeObject, type OwnerReference } from '../object.ts';
import type { ServerContext } from '../rest/context.ts';
import { type DeleteOptions, deleteObject } from '../rest/delete.ts';
import { update } from '../rest/write.ts';
import type { ChangeEvent, StoredObject } from '../store/collection.ts';
import { controllerOptions } from './options.ts';
import { WorkList } from './work.ts';

const noOptions: DeleteOptions = {
  dryRun: false,
  graceSeconds: undefined,
  propagation: undefined,
  preconditions: {},
};

/**
 * Removes objects whose owners are gone (background), before their owner goes (foreground), or cuts them loose
 * (orphan), as owner references say. Driven by every change; a full pass at the start repairs what an end of
 * the process left undone.
 */
export class GarbageCollector {
  readonly #context: ServerContext;
  /** uid of an owner -> uids of what names it. */
  readonly #dependents = new Map<string, Set<string>>();
  readonly #work: WorkList;

  constructor(context: ServerContext) {
    this.#context = context;
    this.#work = new WorkList(context.log, (uid) => this.#visit(uid));
  }

  start(): () => void {
    const { store } = this.#context;
    for (const resource of store.resources())
      for (const stored of store.collection(resource).list('')) this.#index(stored);
    const unsubscribe = store.subscribe((event) => this.#observe(event));
    return () => {
      unsubscribe();
      this.#work.stop();
    };
  }

  #observe(event: ChangeEvent): void {
    const { object, previous } = event;
    if (event.type === 'DELETED') {
      for (const owner of ownersOf(object)) {
        this.#dependents.get(owner.uid)?.delete(object.uid);
        this.#work.add(owner.uid);
      }
      this.#visitDependents(object.uid);
      return;
    }
    if (previous !== undefined && previous.uid === object.uid)
      for (const owner of ownersOf(previous)) this.#dependents.get(owner.uid)?.delete(object.uid);
    this.#index(object);
  }

  #index(stored: StoredObject): void {
    const owners = ownersOf(stored);
    for (const { uid } of owners) {
      const set = this.#dependents.get(uid) ?? new Set();
      set.add(stored.uid);
      this.#dependents.set(uid, set);
    }
    if (owners.length > 0 || stored.json.includes('"deletionTimestamp"')) this.#work.add(stored.uid);
  }

  #visitDependents(uid: string): void {
    const dependents = this.#dependents.get(uid);
    if (dependents === undefined) return;
    if (dependents.size === 0) this.#dependents.delete(uid);
    for (const dependent of dependents) this.#work.add(dependent);
  }

  #visit(uid: string): void {
    const stored = this.#context.store.byUid(uid);
    if (stored === undefined) return this.#visitDependents(uid);
    const object = JSON.parse(stored.json) as KubeObject;
    const finalizers = object.metadata.finalizers ?? [];
    if (object.metadata.deletionTimestamp !== undefined) {
      if (finalizers.includes('orphan')) return this.#orphan(stored, object);
      if (finalizers.includes('foregroundDeletion')) return this.#foreground(stored, object);
      return;
    }
    this.#collect(stored, object);
  }

  /** Deletes an object without living owners; drops references to owners that are gone. */
  #collect(stored: StoredObject, object: KubeObject): void {
    const references = object.metadata.ownerReferences ?? [];
    if (references.length === 0) return;
    const judged = references.map((reference) => ({ reference, state: this.#ownerState(reference, stored) }));
    if (judged.some(({ state }) => state === 'unknown')) return;
    const solid = judged.filter(({ state }) => state === 'alive');
    const waiting = judged.filter(({ state }) => state === 'waiting');
    if (solid.length > 0) {
      if (solid.length === references.length) return;
      return this.#rewrite(stored, object, { ownerReferences: solid.map(({ reference }) => reference) });
    }
    const type = this.#context.registry.byStorage(stored.resource);
    if (type === undefined) return;
    const blocks = waiting.some(({ reference }) => reference.blockOwnerDeletion === true);
    const hasDependents = (this.#dependents.get(stored.uid)?.size ?? 0) > 0;
    deleteObject(this.#context, type, stored, {
      ...noOptions,
      propagation: blocks && hasDependents ? 'Foreground' : 'Background',
    });
  }

  /** waiting: the owner is terminating in the foreground and waits for its dependents. */
  #ownerState(
    reference: OwnerReference,
    dependent: StoredObject,
  ): 'alive' | 'waiting' | 'absent' | 'unknown' {
    const type = this.#context.registry.byKind(reference.apiVersion, reference.kind);
    if (type === undefined) return 'unknown';
    const owner = this.#context.store.byUid(reference.uid);
    if (owner === undefined || owner.resource !== type.storageKey || owner.name !== reference.name)
      return 'absent';
    if (owner.namespace !== '' && owner.namespace !== dependent.namespace) return 'absent';
    const { metadata } = JSON.parse(owner.json) as KubeObject;
    const foreground =
      metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes('foregroundDeletion');
    return foreground ? 'waiting' : 'alive';
  }

  #dependentsOf(uid: string): StoredObject[] {
    return [...(this.#dependents.get(uid) ?? [])]
      .map((dependent) => this.#context.store.byUid(dependent))
      .filter((stored) => stored !== undefined);
  }

  #foreground(stored: StoredObject, object: KubeObject): void {
    const dependents = this.#dependentsOf(stored.uid);
    const blocking = dependents.filter((dependent) =>
      ownersOf(dependent).some((owner) => owner.uid === stored.uid && owner.blockOwnerDeletion === true),
    );
    for (const dependent of dependents) this.#work.add(dependent.uid);
    if (blocking.length === 0) this.#dropFinalizer(stored, object, 'foregroundDeletion');
  }

  #orphan(stored: StoredObject, object: KubeObject): void {
    for (const dependent of this.#dependentsOf(stored.uid)) {
      const parsed = JSON.parse(dependent.json) as KubeObject;
      const kept = (parsed.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== stored.uid);
      this.#rewrite(dependent, parsed, { ownerReferences: kept });
    }
    this.#dropFinalizer(stored, object, 'orphan');
  }

  #dropFinalizer(stored: StoredObject, object: KubeObject, finalizer: string): void {
    this.#rewrite(stored, object, {
      finalizers: (object.metadata.finalizers ?? []).filter((name) => name !== finalizer),
    });
  }

  #rewrite(
    stored: StoredObject,
    object: KubeObject,
    change: Pick<KubeObject['metadata'], 'finalizers' | 'ownerReferences'>,
  ): void {
    const type = this.#context.registry.byStorage(stored.resource);
    if (type === undefined) return;
    const metadata = { ...object.metadata, ...change };
    for (const field of ['finalizers', 'ownerReferences'] as const)
      if (metadata[field]?.length === 0) delete metadata[field];
    if (equalJson(metadata, object.metadata)) return;
    const next = (live: KubeObject) => ({ next: { ...live, metadata } });
    update(this.#context, type, stored, next, controllerOptions, '');
  }
}

/** Owner references of a stored object; most have none, and only those with some are parsed. */
function ownersOf(stored: StoredObject): readonly OwnerReference[] {
  if (!stored.json.includes('"ownerReferences"')) return [];
  return (JSON.parse(stored.json) as KubeObject).metadata.ownerReferences ?? [];
}
