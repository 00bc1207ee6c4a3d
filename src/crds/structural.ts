import { assert } from '../base/assert.ts';

/** A JSON value of a schema document. */
export type SchemaNode = { readonly [key: string]: unknown };

const kept = new Set([
  'type',
  'description',
  'format',
  'default',
  'enum',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'required',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
]);

/**
 * Marks an object whose fields we check ourselves (`checkObject`), while the CRD keeps them as they are: it occurs so
 * often that the CRD would be too large. Its value is the name under which the reference page explains it.
 */
export const opaqueKeyword = 'x-promfleet-opaque';

const isNode = (value: unknown): value is SchemaNode =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Turns a JSON Schema of this folder into a structural schema, the subset of OpenAPI v3 that a Kubernetes API
 * server takes for custom resources. `additionalProperties: false` goes, since pruning of unknown fields
 * is what a structural schema means. Anything that cannot be said there is a defect of ours.
 */
export function structural(schema: SchemaNode): SchemaNode {
  if (schema[opaqueKeyword] !== undefined)
    return {
      type: 'object',
      description: schema.description,
      'x-kubernetes-preserve-unknown-fields': true,
    };
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties') {
      assert(isNode(value), 'properties is an object');
      out[key] = Object.fromEntries(
        Object.entries(value).map(([name, property]) => {
          assert(isNode(property), `property ${name} is a schema`);
          return [name, structural(property)];
        }),
      );
    } else if (key === 'items') {
      assert(isNode(value), 'items is one schema');
      out[key] = structural(value);
    } else if (key === 'additionalProperties') {
      if (value === false) continue;
      assert(isNode(value), 'additionalProperties is false or a schema');
      out[key] = structural(value);
    } else {
      assert(kept.has(key), `a structural schema has no ${key}`);
      out[key] = JSON.parse(JSON.stringify(value));
    }
  }
  return out;
}

/**
 * What a Kubernetes API server would refuse or warn of, and what our own rules ask beyond that: a description
 * everywhere and an upper bound wherever text or a list can grow. Source: the validation of
 * CustomResourceDefinitions (apiextensions.k8s.io/v1, "Specifying a structural schema").
 */
export function structuralFaults(schema: SchemaNode, path = ''): string[] {
  const at = (text: string) => `${path === '' ? '.' : path}: ${text}`;
  const faults: string[] = [];
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const type = schema.type;
  if (intOrString ? type !== undefined : typeof type !== 'string' && !preserves)
    faults.push(at('needs exactly one type, or int-or-string, or preserve-unknown-fields'));
  if (typeof schema.description !== 'string' || schema.description === '')
    faults.push(at('has no description'));
  if (type === 'string' && schema.maxLength === undefined && schema.enum === undefined)
    faults.push(at('text without maxLength'));
  if (schema.properties !== undefined && schema.additionalProperties !== undefined)
    faults.push(at('properties and additionalProperties exclude each other'));
  if (schema.additionalProperties !== undefined && schema.maxProperties === undefined)
    faults.push(at('map without maxProperties'));
  if (type === 'array') faults.push(...listFaults(schema, at));
  for (const name of (schema.required as string[] | undefined) ?? [])
    if (propertiesOf(schema)[name] === undefined) faults.push(at(`requires ${name}, which it does not have`));
  for (const [name, property] of Object.entries(propertiesOf(schema)))
    faults.push(...structuralFaults(property, `${path}.${name}`));
  for (const key of ['items', 'additionalProperties'] as const)
    if (isNode(schema[key])) faults.push(...structuralFaults(schema[key], `${path}[]`));
  return faults;
}

export function propertiesOf(schema: SchemaNode): Readonly<Record<string, SchemaNode>> {
  return (schema.properties as Record<string, SchemaNode> | undefined) ?? {};
}

function listFaults(schema: SchemaNode, at: (text: string) => string): string[] {
  const faults: string[] = [];
  const items = schema.items;
  if (!isNode(items)) return [at('list without items')];
  if (schema.maxItems === undefined) faults.push(at('list without maxItems'));
  const listType = schema['x-kubernetes-list-type'];
  if (listType === undefined) faults.push(at('list without list-type'));
  if (listType !== 'map') return faults;
  for (const key of schema['x-kubernetes-list-map-keys'] as string[]) {
    const property = propertiesOf(items)[key];
    const scalar = ['string', 'integer', 'boolean'].includes(property?.type as string);
    const required = ((items.required as string[] | undefined) ?? []).includes(key);
    if (!scalar || !(required || property?.default !== undefined))
      faults.push(at(`key ${key} must be a scalar that is required or has a default`));
  }
  return faults;
}
