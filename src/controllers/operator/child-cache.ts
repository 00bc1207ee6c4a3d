import type { KubeObject, ObjectKey } from '../../reconcilers/object.ts';
import { identityOf, keyText } from '../../reconcilers/object.ts';
import type { ChildSource } from '../../reconcilers/ports.ts';
import { labelKeys } from '../../render/names.ts';
import type { Change } from '../informer.ts';

const discoveryPrefix = 'promfleet-discovery-';

/** The stack that a child belongs to: its owner, or for children in other namespaces what name and label say. */
export function stackOfChild(object: KubeObject): ObjectKey | undefined {
  const { name, namespace = '', labels, ownerReferences } = object.metadata;
  const owner = ownerReferences?.find(
    ({ kind, controller }) => controller === true && kind === 'MonitoringStack',
  );
  if (owner !== undefined) return { namespace, name: owner.name };
  const stack = labels?.[labelKeys.stack];
  if (stack === undefined) return undefined;
  const suffix = `-${stack}`;
  if (!name.startsWith(discoveryPrefix) || !name.endsWith(suffix)) return undefined;
  return { namespace: name.slice(discoveryPrefix.length, -suffix.length), name: stack };
}

const none: ReadonlyMap<string, KubeObject> = new Map();

/** Children of every stack by identity, fed by the changes of several caches. */
export class ChildCache implements ChildSource {
  readonly #byStack = new Map<string, Map<string, KubeObject>>();

  of(stack: ObjectKey): ReadonlyMap<string, KubeObject> {
    return this.#byStack.get(keyText(stack)) ?? none;
  }

  /** Takes over a change; returns the stack that it concerns. */
  change({ type, object, old }: Change<KubeObject>): ObjectKey | undefined {
    const stack = stackOfChild(object) ?? (old === undefined ? undefined : stackOfChild(old));
    if (stack === undefined) return undefined;
    const key = keyText(stack);
    const children = this.#byStack.get(key);
    if (type === 'deleted') {
      children?.delete(identityOf(object));
      if (children?.size === 0) this.#byStack.delete(key);
    } else if (children === undefined) this.#byStack.set(key, new Map([[identityOf(object), object]]));
    else children.set(identityOf(object), object);
    return stack;
  }
}
