import { badRequest } from '../api-error.ts';
import type { ResourceType } from '../kinds/resource-type.ts';
import type { KubeObject } from '../object.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly equals: boolean;
  readonly value: string;
}

/** `metadata.name=a,status.phase!=Running`; commas, backslashes and equal signs in values are escaped by a backslash. */
export function parseFieldSelector(text: string, type: ResourceType): readonly FieldRequirement[] {
  return text
    .split(/(?<!\\),/)
    .filter((part) => part !== '')
    .map((part) => {
      const match = /^([^=!]+)(==|!=|=)(.*)$/s.exec(part);
      if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
      const [, field, operator, value] = match as unknown as [string, string, string, string];
      const known =
        field === 'metadata.name' ||
        (field === 'metadata.namespace' && type.namespaced) ||
        Object.hasOwn(type.selectableFields, field);
      if (!known) throw badRequest(unknownField(field, type));
      return { field, equals: operator !== '!=', value: value.replaceAll(/\\([,=\\])/g, '$1') };
    });
}

export function matchesFields(
  requirements: readonly FieldRequirement[],
  type: ResourceType,
  identity: { readonly name: string; readonly namespace: string },
  object: () => KubeObject,
): boolean {
  return requirements.every(({ field, equals, value }) => {
    const actual =
      field === 'metadata.name'
        ? identity.name
        : field === 'metadata.namespace'
          ? identity.namespace
          : type.selectableFields[field]!(object());
    return (actual === value) === equals;
  });
}

function unknownField(field: string, type: ResourceType): string {
  const custom = Object.keys(type.selectableFields);
  return custom.length === 0
    ? `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
    : `field label not supported: ${field}`;
}
