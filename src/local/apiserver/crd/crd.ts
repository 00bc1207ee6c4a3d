import {
  apiVersionOf,
  type Column,
  type ResourceType,
  type ScalePaths,
  storageKeyOf,
} from '../kinds/resource-type.ts';
import { isObject, type KubeObject, listAt, objectAt, stringAt, valueAt } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import { ageColumn, nameColumn } from '../table/columns.ts';
import { customColumn } from '../table/custom-column.ts';
import { compileJsonPath } from '../table/json-path.ts';

/** The kinds that a CRD serves, one for each served version. */
export function servedTypes(crd: KubeObject): readonly ResourceType[] {
  const group = stringAt(crd, 'spec', 'group') ?? '';
  const names = objectAt(crd, 'spec', 'names') ?? {};
  const plural = String(names.plural ?? '');
  const versions = listAt(crd, 'spec', 'versions').filter(isObject);
  const storage = versions.find((version) => version.storage === true);
  const strings = (value: unknown) => (Array.isArray(value) ? value.map(String) : []);
  return versions
    .filter((version) => version.served === true)
    .map((version): ResourceType => {
      const kind = String(names.kind ?? '');
      const own = { group, version: String(version.name) };
      return {
        ...own,
        plural,
        singular: String(names.singular ?? kind.toLowerCase()),
        kind,
        listKind: String(names.listKind ?? `${kind}List`),
        namespaced: stringAt(crd, 'spec', 'scope') === 'Namespaced',
        shortNames: strings(names.shortNames),
        categories: strings(names.categories),
        storageKey: storageKeyOf(group, plural),
        storageApiVersion: apiVersionOf({ group, version: String(storage?.name ?? version.name) }),
        builtin: false,
        schema: rootSchema(objectAt(version, 'schema', 'openAPIV3Schema') ?? {}),
        status: valueAt(version, 'subresources', 'status') !== undefined,
        scale: scaleOf(valueAt(version, 'subresources', 'scale')),
        columns: columnsOf(listAt(version, 'additionalPrinterColumns')),
        strategy: {},
        selectableFields: selectableFields(listAt(version, 'selectableFields')),
        ...(version.deprecated === true
          ? {
              warning: String(version.deprecationWarning ?? `${group}/${version.name} ${kind} is deprecated`),
            }
          : {}),
      };
    });
}

/** apiVersion, kind and metadata belong to every object, whether the schema names them or not. */
function rootSchema(declared: Schema): Schema {
  const { metadata: _, ...properties } = declared.properties ?? {};
  return {
    ...declared,
    properties: {
      ...properties,
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  };
}

function scaleOf(scale: unknown): ScalePaths | undefined {
  if (!isObject(scale)) return undefined;
  const steps = (path: unknown) =>
    String(path)
      .split('.')
      .filter((step) => step !== '');
  return {
    specReplicas: steps(scale.specReplicasPath),
    statusReplicas: steps(scale.statusReplicasPath),
    selector: scale.labelSelectorPath === undefined ? undefined : steps(scale.labelSelectorPath),
  };
}

function columnsOf(declared: readonly unknown[]): readonly Column[] {
  return [nameColumn, ...(declared.length === 0 ? [ageColumn] : declared.filter(isObject).map(customColumn))];
}

function selectableFields(declared: readonly unknown[]): ResourceType['selectableFields'] {
  return Object.fromEntries(
    declared.map((field) => {
      const path = stringAt(field, 'jsonPath') ?? '';
      const read = compileJsonPath(path);
      return [path.replace(/^\./, ''), (object: KubeObject) => String(read(object)[0] ?? '')];
    }),
  );
}
