import { createHash } from 'node:crypto';
import { builtinTypes } from '../kinds/builtin.ts';
import type { ResourceRegistry } from '../kinds/registry.ts';
import type { ResourceType } from '../kinds/resource-type.ts';
import type { JsonObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import { pathOfGroupVersion } from './route.ts';

/** OpenAPI v3 documents of the served kinds, one a group version, as kubectl's explain, apply and validation read them. */
export function openApi(registry: ResourceRegistry, pathname: string): string | undefined {
  if (pathname === '/openapi/v3' || pathname === '/openapi/v3/') return JSON.stringify(index(registry));
  if (!pathname.startsWith('/openapi/v3/')) return undefined;
  const path = pathname.slice('/openapi/v3'.length);
  const types = registry.all().filter((type) => pathOfGroupVersion(type) === path);
  return types.length === 0 ? undefined : JSON.stringify(document(types));
}

function index(registry: ResourceRegistry): JsonObject {
  const byPath = new Map<string, ResourceType[]>();
  for (const type of registry.all()) {
    const path = pathOfGroupVersion(type);
    byPath.set(path, [...(byPath.get(path) ?? []), type]);
  }
  const paths: JsonObject = {};
  for (const [path, types] of byPath)
    paths[path.slice(1)] = { serverRelativeURL: `/openapi/v3${path}?hash=${hashOf(types)}` };
  return { paths };
}

const hashes = new WeakMap<Schema, string>();

/** Changes when a schema does: custom schemas are replaced as a whole, built-in ones never change. */
function hashOf(types: readonly ResourceType[]): string {
  const hash = createHash('sha256');
  for (const type of types) {
    let own = type.builtin ? type.kind : hashes.get(type.schema);
    if (own === undefined) {
      own = createHash('sha256').update(JSON.stringify(type.schema)).digest('hex');
      hashes.set(type.schema, own);
    }
    hash.update(`${type.plural} ${own} ${type.status} `);
  }
  return hash.digest('hex').toUpperCase();
}

function document(types: readonly ResourceType[]): JsonObject {
  const components = new Components();
  const paths: JsonObject = {};
  for (const type of types) {
    const name = components.addRoot(type);
    const base = `${pathOfGroupVersion(type)}${type.namespaced ? '/namespaces/{namespace}' : ''}/${type.plural}`;
    paths[base] = { get: operation(type, 'list', name), post: operation(type, 'post', name) };
    const one: JsonObject = {};
    for (const verb of ['get', 'put', 'patch', 'delete']) one[verb] = operation(type, verb, name);
    paths[`${base}/{name}`] = one;
    if (type.status)
      paths[`${base}/{name}/status`] = {
        get: operation(type, 'get', name),
        patch: operation(type, 'patch', name),
      };
  }
  return {
    openapi: '3.0.0',
    info: { title: 'promfleet local', version: 'v1' },
    paths,
    components: { schemas: components.schemas },
  };
}

const parameters: Readonly<Record<string, readonly string[]>> = {
  post: ['dryRun', 'fieldManager', 'fieldValidation'],
  put: ['dryRun', 'fieldManager', 'fieldValidation'],
  patch: ['dryRun', 'fieldManager', 'fieldValidation', 'force'],
  delete: ['dryRun', 'gracePeriodSeconds', 'propagationPolicy'],
  list: ['continue', 'fieldSelector', 'labelSelector', 'limit', 'resourceVersion', 'watch'],
};

function operation(type: ResourceType, verb: string, component: string): JsonObject {
  const schema = { $ref: `#/components/schemas/${component}` };
  return {
    'x-kubernetes-action': verb,
    'x-kubernetes-group-version-kind': { group: type.group, version: type.version, kind: type.kind },
    parameters: (parameters[verb] ?? []).map((name) => ({
      name,
      in: 'query',
      schema: { type: ['force', 'watch'].includes(name) ? 'boolean' : 'string', uniqueItems: true },
    })),
    responses: { 200: { description: 'OK', content: { 'application/json': { schema } } } },
  };
}

/** Schemas under names, with references between named types so that recursive ones stay finite. */
class Components {
  readonly schemas: Record<string, JsonObject> = {};

  addRoot(type: ResourceType): string {
    const name = componentName(type);
    const schema = this.#inline(type.schema);
    const properties = { ...(schema.properties as JsonObject), metadata: this.#reference('ObjectMeta') };
    this.schemas[name] = {
      ...schema,
      properties,
      'x-kubernetes-group-version-kind': [{ group: type.group, version: type.version, kind: type.kind }],
    };
    return name;
  }

  #reference(name: string): JsonObject {
    const component = `io.k8s.${name}`;
    if (this.schemas[component] === undefined) {
      this.schemas[component] = {};
      this.schemas[component] = this.#inline(builtinTypes.schema(name));
    }
    return { allOf: [{ $ref: `#/components/schemas/${component}` }], default: {} };
  }

  #convert(schema: Schema): JsonObject {
    const name = builtinTypes.nameOf(schema);
    if (name !== undefined) return this.#reference(name);
    if (schema['x-kubernetes-int-or-string'] === true) {
      const { 'x-kubernetes-int-or-string': _, format, ...rest } = schema;
      return format === 'quantity'
        ? { ...rest, oneOf: [{ type: 'string' }, { type: 'number' }] }
        : { ...rest, format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] };
    }
    return this.#inline(schema);
  }

  #inline(schema: Schema): JsonObject {
    const { properties, items, additionalProperties, ...rest } = schema;
    const result: JsonObject = { ...rest };
    if (result.type === undefined && schema['x-kubernetes-preserve-unknown-fields'] === true)
      result.type = 'object';
    if (properties !== undefined)
      result.properties = Object.fromEntries(
        Object.entries(properties).map(([key, child]) => [key, this.#convert(child)]),
      );
    if (items !== undefined) result.items = this.#convert(items);
    if (additionalProperties !== undefined)
      result.additionalProperties =
        typeof additionalProperties === 'object' ? this.#convert(additionalProperties) : additionalProperties;
    return result;
  }
}

/** Reversed group, version and kind: dev.promfleet.v1alpha1.AlertRuleSet; io.k8s.api.core.v1.Pod. */
function componentName(type: ResourceType): string {
  if (!type.builtin) return [...type.group.split('.').reverse(), type.version, type.kind].join('.');
  return `io.k8s.api.${type.group === '' ? 'core' : type.group.split('.')[0]}.${type.version}.${type.kind}`;
}
