/** A structural schema: the part of JSON Schema that Kubernetes keeps (apiextensions/v1 JSONSchemaProps). */
export interface Schema {
  type?: string;
  format?: string;
  description?: string;
  properties?: Readonly<Record<string, Schema>>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  required?: readonly string[];
  default?: unknown;
  nullable?: boolean;
  enum?: readonly unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minProperties?: number;
  maxProperties?: number;
  allOf?: readonly Schema[];
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  not?: Schema;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: readonly string[];
  'x-kubernetes-map-type'?: string;
  'x-kubernetes-patch-strategy'?: string;
  'x-kubernetes-patch-merge-key'?: string;
  'x-kubernetes-validations'?: readonly CelRule[];
}

export interface CelRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

/** The schema below `key` of an object, undefined where the schema says nothing of it. */
export function schemaOfField(schema: Schema | undefined, key: string): Schema | undefined {
  if (schema === undefined) return undefined;
  const own = schema.properties;
  if (own !== undefined && Object.hasOwn(own, key)) return own[key];
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

export const preservesUnknown = (schema: Schema): boolean =>
  schema['x-kubernetes-preserve-unknown-fields'] === true;

/** `spec.groups[0].name`, `metadata.annotations[a/b]`: paths as Kubernetes writes them in messages. */
export const fieldPath = (parent: string, key: string): string => (parent === '' ? key : `${parent}.${key}`);
export const keyPath = (parent: string, key: string): string => `${parent}[${key}]`;
export const indexPath = (parent: string, index: number): string => `${parent}[${index}]`;
