import { createHash } from 'node:crypto';
import type { Manifest } from '../render/workload/manifest.ts';
import { canonicalJson, jsonContains } from './json.ts';
import { identityOf, type KubeObject } from './object.ts';

/** Annotation with the hash of the manifest that was last applied: tells a manifest that lost fields from one that did not. */
export const manifestHashAnnotation = 'promfleet.dev/manifest-hash';

/** What was applied last, by identity, while this process runs: spares comparing what a server normalises. */
export type AppliedVersions = ReadonlyMap<
  string,
  { readonly hash: string; readonly resourceVersion: string }
>;

export interface ChildrenPlan {
  /** Manifests to apply, in the given order, each with its hash annotation. */
  readonly apply: readonly Manifest[];
  /** Live objects that nothing asks for any more. */
  readonly remove: readonly KubeObject[];
}

const hashes = new WeakMap<Manifest, string>();

/** SHA-256 of the manifest, 32 hex digits. Computed once per manifest object: manifests are never changed. */
export function manifestHash(manifest: Manifest): string {
  let hash = hashes.get(manifest);
  if (hash === undefined) {
    hash = createHash('sha256').update(canonicalJson(manifest)).digest('hex').slice(0, 32);
    hashes.set(manifest, hash);
  }
  return hash;
}

export function withManifestHash(manifest: Manifest): Manifest {
  const { metadata } = manifest;
  const annotations = { ...metadata.annotations, [manifestHashAnnotation]: manifestHash(manifest) };
  return { ...manifest, metadata: { ...metadata, annotations } };
}

/**
 * Compares desired manifests with the live objects. A live object is left alone when it carries the manifest's hash and
 * still holds every desired value, so that changes by others are repaired and unchanged inputs write nothing.
 */
export function planChildren(
  desired: readonly Manifest[],
  live: ReadonlyMap<string, KubeObject>,
  applied: AppliedVersions = new Map(),
): ChildrenPlan {
  const wanted = new Set(desired.map(identityOf));
  return {
    apply: desired.filter((manifest) => !isCurrent(manifest, live, applied)).map(withManifestHash),
    remove: [...live.values()].filter(
      (object) => !wanted.has(identityOf(object)) && object.metadata.deletionTimestamp === undefined,
    ),
  };
}

function isCurrent(
  manifest: Manifest,
  live: ReadonlyMap<string, KubeObject>,
  applied: AppliedVersions,
): boolean {
  const identity = identityOf(manifest);
  const object = live.get(identity);
  if (object === undefined || object.metadata.deletionTimestamp !== undefined) return false;
  const hash = manifestHash(manifest);
  if (object.metadata.annotations?.[manifestHashAnnotation] !== hash) return false;
  const before = applied.get(identity);
  if (before?.hash === hash && before.resourceVersion === object.metadata.resourceVersion) return true;
  return jsonContains(object, manifest);
}
