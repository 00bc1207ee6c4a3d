import { type FieldFault, fault } from '../api-error.ts';
import { isObject } from '../object.ts';
import { celFault } from '../schema/cel-environment.ts';
import { prune } from '../schema/prune.ts';
import { fieldPath, keyPath, type Schema } from '../schema/schema.ts';
import { validate } from '../schema/validate.ts';

/**
 * What makes a schema structural (kubernetes.io, "Specifying a structural schema"): every node typed, logical
 * junctors only restrict, keyed lists have usable keys, defaults fit, CEL rules parse.
 */
export function structuralFaults(schema: Schema, path: string): FieldFault[] {
  const faults: FieldFault[] = [];
  if (schema.type === undefined || schema.type === '')
    faults.push(fault.required(`${path}.type`, 'must not be empty at the root'));
  else if (schema.type !== 'object')
    faults.push(fault.invalid(`${path}.type`, schema.type, 'must be object at the root'));
  checkNode(schema, path, faults, true);
  return faults;
}

const types = new Set(['object', 'array', 'string', 'integer', 'number', 'boolean']);

function checkNode(schema: Schema, path: string, faults: FieldFault[], root = false): void {
  const free =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (!root && !schema.type && !free)
    faults.push(fault.required(`${path}.type`, 'must not be empty for specified object fields'));
  if (schema.type && !types.has(schema.type))
    faults.push(fault.unsupported(`${path}.type`, schema.type, [...types].sort()));
  if (schema.type === 'array' && schema.items === undefined)
    faults.push(fault.required(`${path}.items`, 'must be specified'));
  if (
    schema.properties !== undefined &&
    schema.additionalProperties !== undefined &&
    schema.additionalProperties !== false
  )
    faults.push(
      fault.forbidden(
        `${path}.additionalProperties`,
        'additionalProperties and properties are mutual exclusive',
      ),
    );
  if (schema.uniqueItems === true)
    faults.push(
      fault.forbidden(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    );
  checkUnsupported(schema, path, faults);
  checkList(schema, path, faults);
  checkDefault(schema, path, faults);
  checkRules(schema, path, faults);
  checkJunctors(schema, path, faults);
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (root && name === 'metadata') continue;
    checkNode(child, keyPath(fieldPath(path, 'properties'), name), faults);
  }
  if (schema.items !== undefined) checkNode(schema.items, `${path}.items`, faults);
  if (isObject(schema.additionalProperties))
    checkNode(schema.additionalProperties as Schema, `${path}.additionalProperties`, faults);
}

/** Keywords of JSON Schema that Kubernetes does not take. */
const unsupported = [
  '$ref',
  'patternProperties',
  'definitions',
  'dependencies',
  'additionalItems',
  'id',
] as const;

function checkUnsupported(schema: Schema, path: string, faults: FieldFault[]): void {
  for (const keyword of unsupported)
    if ((schema as Record<string, unknown>)[keyword] !== undefined)
      faults.push(fault.forbidden(`${path}.${keyword}`, `${keyword} is not supported`));
}

function checkList(schema: Schema, path: string, faults: FieldFault[]): void {
  const keys = schema['x-kubernetes-list-map-keys'];
  const kind = schema['x-kubernetes-list-type'];
  const keysPath = `${path}.x-kubernetes-list-map-keys`;
  if (kind !== undefined && schema.type !== 'array')
    faults.push(
      fault.invalid(
        `${path}.type`,
        schema.type ?? '',
        'must be array if x-kubernetes-list-type is specified',
      ),
    );
  if (kind !== 'map') {
    if (keys !== undefined && keys.length > 0)
      faults.push(
        fault.invalid(
          `${path}.x-kubernetes-list-type`,
          kind ?? '',
          'must be map if x-kubernetes-list-map-keys is non-empty',
        ),
      );
    return;
  }
  if (keys === undefined || keys.length === 0)
    faults.push(fault.required(keysPath, 'must not be empty if x-kubernetes-list-type is map'));
  if (schema.items !== undefined && schema.items.type !== 'object')
    faults.push(
      fault.invalid(
        `${path}.items.type`,
        schema.items.type ?? '',
        "must be object if parent array's x-kubernetes-list-type is map",
      ),
    );
  for (const key of keys ?? []) {
    const property = schema.items?.properties?.[key];
    const at = `${path}.items.properties[${key}]`;
    if (property === undefined)
      faults.push(fault.invalid(keysPath, keys, 'entries must all be names of item properties'));
    else if (property.default === undefined && !(schema.items?.required ?? []).includes(key))
      faults.push(
        fault.required(
          `${at}.default`,
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        ),
      );
  }
}

function checkDefault(schema: Schema, path: string, faults: FieldFault[]): void {
  if (schema.default === undefined) return;
  const at = `${path}.default`;
  faults.push(...validate(schema.default, schema, at));
  const unknown: string[] = [];
  prune(schema.default, schema, unknown, { path: at });
  for (const field of unknown)
    faults.push(fault.invalid(field, schema.default, 'must not have unknown fields'));
}

function checkRules(schema: Schema, path: string, faults: FieldFault[]): void {
  for (const [index, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) {
    const at = `${path}.x-kubernetes-validations[${index}]`;
    for (const field of ['rule', 'messageExpression'] as const) {
      const expression = rule[field];
      const found = expression === undefined ? undefined : celFault(expression);
      if (found !== undefined)
        faults.push(fault.invalid(`${at}.${field}`, rule, `compilation failed: ${found}`));
    }
  }
}

/** What a schema inside anyOf, oneOf, allOf or not must leave to the node itself. */
const structuralOnly = [
  'type',
  'default',
  'additionalProperties',
  'description',
  'title',
  'nullable',
] as const;

function checkJunctors(schema: Schema, path: string, faults: FieldFault[]): void {
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const visit = (part: Schema, at: string) => {
    for (const field of structuralOnly) {
      const value = (part as Record<string, unknown>)[field];
      const allowed = field === 'type' && intOrString;
      if (value !== undefined && value !== '' && !allowed)
        faults.push(fault.forbidden(`${at}.${field}`, 'must be empty to be structural'));
    }
    for (const [name, child] of Object.entries(part.properties ?? {}))
      visit(child, `${at}.properties[${name}]`);
    if (part.items !== undefined) visit(part.items, `${at}.items`);
    each(part, at);
  };
  const each = (part: Schema, at: string) => {
    for (const junctor of ['allOf', 'anyOf', 'oneOf'] as const)
      for (const [index, inner] of (part[junctor] ?? []).entries())
        visit(inner, `${at}.${junctor}[${index}]`);
    if (part.not !== undefined) visit(part.not, `${at}.not`);
  };
  each(schema, path);
}
