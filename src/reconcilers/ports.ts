import type { KubeObject, ObjectKey } from './object.ts';

/** Writes to the API. Every method raises coded errors; none retries by itself. */
export interface ObjectWriter {
  /** Server-side apply; the object as stored afterwards. */
  apply(manifest: KubeObject): Promise<KubeObject>;
  /** Deletes this very object (by uid); false when it was gone. */
  remove(object: KubeObject, propagation?: 'Background' | 'Orphan'): Promise<boolean>;
  /** Replaces the status of an object that has changed. */
  setStatus(object: KubeObject, status: object): Promise<void>;
  /** Replaces the finalizers of this version of the object. */
  setFinalizers(object: KubeObject, finalizers: readonly string[]): Promise<void>;
}

export interface SecretContent {
  readonly resourceVersion: string;
  /** Values decoded from base64. */
  readonly data: Readonly<Record<string, Uint8Array>>;
}

/** Reads without a cache. Secrets are only ever read one by one, by name. */
export interface ObjectGetter {
  get(apiVersion: string, kind: string, key: ObjectKey): Promise<KubeObject | undefined>;
}

/** What the API holds of a stack's children, kept up to date by somebody else. Secrets are not in it. */
export interface ChildSource {
  /** Children of a stack by identity. */
  of(stack: ObjectKey): ReadonlyMap<string, KubeObject>;
}

export interface EventDraft {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface EventSink {
  emit(object: KubeObject, event: EventDraft): void;
}

/** Lets other work of this thread go on; called between objects. */
export interface Breather {
  breathe(): Promise<void>;
}
