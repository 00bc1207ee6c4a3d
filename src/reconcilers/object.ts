import type { ObjectMeta } from '../crds/metadata.ts';

/** What every Kubernetes object has. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** Names one object of a kind the reader knows. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** `namespace/name`: neither part can hold a slash, so it is unique. */
export function keyText(key: ObjectKey): string {
  return `${key.namespace}/${key.name}`;
}

export function keyOf(object: { readonly metadata: ObjectMeta }): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

export function parseKey(text: string): ObjectKey {
  const slash = text.indexOf('/');
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** `apiVersion kind namespace/name`: identifies a child among all kinds. */
export function identityOf(object: {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}): string {
  return `${object.apiVersion} ${object.kind} ${keyOf(object)}`;
}
