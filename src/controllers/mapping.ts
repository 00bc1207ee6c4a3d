import type { KubeObject } from '../kube/object.ts';
import type { Change } from './informer.ts';

/** From a changed object to the keys of the objects that must be reconciled. Quick and without effects. */
export type KeyMapper<T> = (change: Change<T>) => Iterable<string>;

/** The object itself: for the kind that a controller is about. */
export const ownKey: KeyMapper<KubeObject> = (change) => [change.key];

/** The controlling owner in the same namespace, if it is of the given kind of any version of `group`. */
export function controllerKey(owner: {
  readonly group: string;
  readonly kind: string;
}): KeyMapper<KubeObject> {
  const keysOf = (object: KubeObject | undefined): string[] => {
    const keys: string[] = [];
    for (const reference of object?.metadata.ownerReferences ?? []) {
      if (reference.controller !== true || reference.kind !== owner.kind) continue;
      const slash = reference.apiVersion.indexOf('/');
      if ((slash < 0 ? '' : reference.apiVersion.slice(0, slash)) !== owner.group) continue;
      const { namespace } = object!.metadata;
      keys.push(namespace === undefined ? reference.name : `${namespace}/${reference.name}`);
    }
    return keys;
  };
  return (change) => both(change, keysOf);
}

/** The object that a label names, in the changed object's namespace. */
export function labelKey(label: string): KeyMapper<KubeObject> {
  return (change) =>
    both(change, ({ metadata: { namespace, labels } }) => {
      const name = labels?.[label];
      if (name === undefined || name === '') return [];
      return [namespace === undefined ? name : `${namespace}/${name}`];
    });
}

/** Keys by the new and by the old state: who loses an object must hear of it too. */
function both<T>(change: Change<T>, keysOf: (object: T) => readonly string[]): Iterable<string> {
  const keys = new Set(keysOf(change.object));
  if (change.old !== undefined) for (const key of keysOf(change.old)) keys.add(key);
  return keys;
}
