import { type FieldFault, fault } from '../api-error.ts';
import { isObject, type JsonObject, type KubeObject } from '../object.ts';
import { labelValueFault, qualifiedNameFault, subdomainFault } from './names.ts';
import type { ResourceType } from './resource-type.ts';

/** Names without a domain that built-in kinds may carry; the last is for definitions only. */
const standardFinalizers = new Set([
  'orphan',
  'foregroundDeletion',
  'kubernetes',
  'customresourcecleanup.apiextensions.k8s.io',
]);
const maxAnnotationBytes = 256 * 1024;

/** Checks of metadata that every kind shares. */
export function checkMetadata(object: KubeObject, type: ResourceType): FieldFault[] {
  const { metadata } = object;
  const faults: FieldFault[] = [];
  const nameFault = (type.strategy.nameFault ?? subdomainFault)(metadata.name ?? '');
  if (nameFault !== undefined) faults.push(fault.invalid('metadata.name', metadata.name, nameFault));
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    const keyFault = qualifiedNameFault(key);
    if (keyFault !== undefined) faults.push(fault.invalid('metadata.labels', key, keyFault));
    const valueFault = labelValueFault(value);
    if (valueFault !== undefined) faults.push(fault.invalid('metadata.labels', value, valueFault));
  }
  let annotationBytes = 0;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    annotationBytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    const keyFault = qualifiedNameFault(key.toLowerCase());
    if (keyFault !== undefined) faults.push(fault.invalid('metadata.annotations', key, keyFault));
  }
  if (annotationBytes > maxAnnotationBytes)
    faults.push(fault.tooLong('metadata.annotations', maxAnnotationBytes));
  checkOwners(object, faults);
  for (const [index, finalizer] of (metadata.finalizers ?? []).entries()) {
    const finalizerFault = qualifiedNameFault(finalizer);
    if (finalizerFault !== undefined)
      faults.push(fault.invalid('metadata.finalizers', finalizer, finalizerFault));
    else if (type.builtin && !finalizer.includes('/') && !standardFinalizers.has(finalizer))
      faults.push(
        fault.invalid(
          `metadata.finalizers[${index}]`,
          finalizer,
          'name is neither a standard finalizer name nor is it fully qualified',
        ),
      );
  }
  return faults;
}

function checkOwners(object: KubeObject, faults: FieldFault[]): void {
  let controllers = 0;
  for (const owner of object.metadata.ownerReferences ?? []) {
    const path = 'metadata.ownerReferences';
    for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const)
      if (owner[field] === undefined || owner[field] === '')
        faults.push(
          fault.invalid(
            `${path}.${field}`,
            owner[field] ?? '',
            field === 'apiVersion' ? 'version must not be empty' : 'must not be empty',
          ),
        );
    if (owner.controller === true) controllers++;
  }
  if (controllers > 1)
    faults.push(
      fault.invalid(
        'metadata.ownerReferences',
        object.metadata.ownerReferences,
        `Only one reference can have Controller set to true. Found "true" in references for ${(
          object.metadata.ownerReferences ?? []
        )
          .filter((owner) => owner.controller)
          .map((owner) => owner.name)
          .join(' and ')}`,
      ),
    );
}

/** Metadata that no update may change. */
export function checkMetadataUpdate(object: KubeObject, live: KubeObject): FieldFault[] {
  const faults: FieldFault[] = [];
  for (const field of ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp'] as const)
    if (object.metadata[field] !== live.metadata[field])
      faults.push(fault.invalid(`metadata.${field}`, object.metadata[field], 'field is immutable'));
  if (live.metadata.deletionTimestamp !== undefined) {
    const known = new Set(live.metadata.finalizers ?? []);
    const added = (object.metadata.finalizers ?? []).filter((finalizer) => !known.has(finalizer));
    const names = added.map((name) => JSON.stringify(name)).join(', ');
    const refused = fault.forbidden(
      'metadata.finalizers',
      `no new finalizers can be added if the object is being deleted, found new finalizers []string{${names}}`,
    );
    // A real API server checks this in two places and says it twice.
    if (added.length > 0) faults.push(refused, refused);
  }
  return faults;
}

/** Faults of the shapes inside metadata that would not decode, e.g. a label with a number as value. */
export function metadataTypeFault(metadata: unknown): string | undefined {
  if (!isObject(metadata)) return 'metadata must be an object';
  for (const field of ['labels', 'annotations'] as const) {
    const map = metadata[field];
    if (map === undefined || map === null) continue;
    if (!isObject(map))
      return `json: cannot unmarshal ${typeOf(map)} into Go struct field ObjectMeta.metadata.${field} of type map[string]string`;
    for (const value of Object.values(map as JsonObject))
      if (typeof value !== 'string' && value !== null)
        return `json: cannot unmarshal ${typeOf(value)} into Go struct field ObjectMeta.metadata.${field} of type string`;
  }
  for (const field of ['name', 'namespace', 'generateName', 'resourceVersion', 'uid'] as const)
    if (metadata[field] !== undefined && metadata[field] !== null && typeof metadata[field] !== 'string')
      return `json: cannot unmarshal ${typeOf(metadata[field])} into Go struct field ObjectMeta.metadata.${field} of type string`;
  return undefined;
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
}
