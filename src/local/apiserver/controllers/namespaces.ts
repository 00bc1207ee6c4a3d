import { type JsonObject, type KubeObject, stringAt } from '../object.ts';
import type { ServerContext } from '../rest/context.ts';
import { deleteObject } from '../rest/delete.ts';
import { create, removeNow } from '../rest/write.ts';
import { controllerOptions } from './options.ts';
import { WorkList } from './work.ts';

const initialNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/**
 * Empties namespaces that are being deleted and then removes them; gives every other one its default service
 * account.
 */
export class NamespaceController {
  readonly #context: ServerContext;
  readonly #work: WorkList;

  constructor(context: ServerContext) {
    this.#context = context;
    this.#work = new WorkList(context.log, (name) => this.#visit(name));
  }

  start(): () => void {
    const { store } = this.#context;
    const type = this.#context.registry.find('', 'v1', 'namespaces')!;
    for (const name of initialNamespaces)
      if (store.get('namespaces', '', name) === undefined)
        create(
          this.#context,
          type,
          '',
          { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
          controllerOptions,
        );
    for (const stored of store.collection('namespaces').list('')) this.#visit(stored.name);
    const unsubscribe = store.subscribe(({ type: change, object }) => {
      if (object.resource === 'namespaces' && change !== 'DELETED') this.#work.add(object.name);
      else if (object.namespace !== '' && (change === 'DELETED' || this.#terminating.has(object.namespace)))
        this.#work.add(object.namespace);
    });
    return () => {
      unsubscribe();
      this.#work.stop();
    };
  }

  readonly #terminating = new Set<string>();

  #visit(name: string): void {
    const stored = this.#context.store.get('namespaces', '', name);
    if (stored === undefined) {
      this.#terminating.delete(name);
      return;
    }
    const namespace = JSON.parse(stored.json) as KubeObject;
    if (namespace.metadata.deletionTimestamp === undefined) return this.#furnish(name);
    this.#terminating.add(name);
    if (!this.#empty(name)) return;
    const finalizers = ((namespace.spec as JsonObject | undefined)?.finalizers as string[] | undefined) ?? [];
    const others = finalizers.filter((finalizer) => finalizer !== 'kubernetes');
    if (others.length > 0 || (namespace.metadata.finalizers ?? []).length > 0) return;
    this.#terminating.delete(name);
    const type = this.#context.registry.find('', 'v1', 'namespaces')!;
    removeNow(this.#context, type, stored, namespace, { dryRun: false });
  }

  /** Asks every object in the namespace to go; true when none is left. */
  #empty(name: string): boolean {
    const { store, registry } = this.#context;
    let left = 0;
    for (const resource of store.resources()) {
      const type = registry.byStorage(resource);
      if (type === undefined || !type.namespaced) continue;
      for (const stored of [...store.collection(resource).list(name)]) {
        const terminating = stringAt(JSON.parse(stored.json), 'metadata', 'deletionTimestamp') !== undefined;
        if (terminating) left++;
        else {
          const { gone } = deleteObject(this.#context, type, stored, {
            dryRun: false,
            graceSeconds: undefined,
            propagation: 'Background',
            preconditions: {},
          });
          if (!gone) left++;
        }
      }
    }
    return left === 0;
  }

  #furnish(name: string): void {
    const { store, registry } = this.#context;
    if (store.get('serviceaccounts', name, 'default') === undefined)
      create(
        this.#context,
        registry.find('', 'v1', 'serviceaccounts')!,
        name,
        { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
        controllerOptions,
      );
  }
}
