import { type FieldFault, fault } from '../api-error.ts';
import { labelNameFault, subdomainFault } from '../kinds/names.ts';
import { equalJson, isObject, type KubeObject, listAt, objectAt, stringAt } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import { compileJsonPath, JsonPathFault } from '../table/json-path.ts';
import { structuralFaults } from './structural.ts';

/** Checks of a CustomResourceDefinition beyond the types of its fields. */
export function crdFaults(crd: KubeObject): FieldFault[] {
  const faults: FieldFault[] = [];
  const plural = stringAt(crd, 'spec', 'names', 'plural') ?? '';
  const group = stringAt(crd, 'spec', 'group') ?? '';
  if (crd.metadata.name !== `${plural}.${group}`)
    faults.push(
      fault.invalid('metadata.name', crd.metadata.name, 'must be spec.names.plural+"."+spec.group'),
    );
  if (subdomainFault(group) !== undefined)
    faults.push(fault.invalid('spec.group', group, subdomainFault(group)!));
  else if (!group.includes('.'))
    faults.push(fault.invalid('spec.group', group, 'should be a domain with at least one dot'));
  const scope = stringAt(crd, 'spec', 'scope') ?? '';
  const scopes = ['Cluster', 'Namespaced'];
  if (!scopes.includes(scope)) faults.push(fault.unsupported('spec.scope', scope, scopes));
  checkNames(crd, faults);
  checkVersions(crd, faults);
  return faults;
}

function checkNames(crd: KubeObject, faults: FieldFault[]): void {
  const names = objectAt(crd, 'spec', 'names') ?? {};
  for (const field of ['plural', 'singular', 'kind', 'listKind']) {
    const value = String(names[field] ?? '');
    const found = labelNameFault(value.toLowerCase());
    if (value === '') faults.push(fault.required(`spec.names.${field}`));
    else if (found !== undefined) faults.push(fault.invalid(`spec.names.${field}`, value, found));
  }
}

function checkVersions(crd: KubeObject, faults: FieldFault[]): void {
  const versions = listAt(crd, 'spec', 'versions').filter(isObject);
  if (versions.filter((version) => version.storage === true).length !== 1) {
    faults.push(
      fault.invalid(
        'spec.versions',
        versions.map((version) => version.name),
        'must have exactly one version marked as storage version',
      ),
    );
    faults.push(fault.invalid('status.storedVersions', [], 'must have at least one stored version'));
  }
  const schemas = versions.map(
    (version) => objectAt(version, 'schema', 'openAPIV3Schema') as Schema | undefined,
  );
  // Equal schemas of all versions are checked once, under the name that they have inside a real API server.
  const shared = schemas.every((schema) => equalJson(schema, schemas[0]));
  for (const [index, version] of versions.entries()) {
    const at = `spec.versions[${index}]`;
    const nameFault = labelNameFault(String(version.name ?? ''));
    if (nameFault !== undefined) faults.push(fault.invalid(`${at}.name`, version.name, nameFault));
    const schema = schemas[index];
    if (schema === undefined)
      faults.push(fault.required(`${at}.schema.openAPIV3Schema`, 'schemas are required'));
    else if (!shared || index === 0)
      faults.push(
        ...structuralFaults(
          schema,
          shared ? 'spec.validation.openAPIV3Schema' : `${at}.schema.openAPIV3Schema`,
        ),
      );
    checkColumns(version, at, faults);
  }
}

function checkColumns(version: object, at: string, faults: FieldFault[]): void {
  for (const [index, column] of listAt(version, 'additionalPrinterColumns').entries()) {
    const path = stringAt(column, 'jsonPath') ?? '';
    try {
      compileJsonPath(path);
    } catch (error) {
      if (!(error instanceof JsonPathFault)) throw error;
      faults.push(fault.invalid(`${at}.additionalPrinterColumns[${index}].jsonPath`, path, error.message));
    }
  }
}
