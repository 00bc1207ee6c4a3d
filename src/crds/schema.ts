import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox';
import { opaqueKeyword } from './structural.ts';

/** All fields readonly, at every depth: objects read from the API are never mutated. */
export type DeepReadonly<T> = T extends (infer U)[]
  ? readonly DeepReadonly<U>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

/** The readonly type of a schema. */
export type Of<S extends TSchema> = DeepReadonly<Static<S>>;

/** A JSON object whose fields promfleet passes on without knowing them. */
export type UnknownFields = Record<string, unknown>;

/** One `x-kubernetes-validations` entry: a CEL rule over `self`, with the message people see when it is false. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  readonly reason?:
    | 'FieldValueInvalid'
    | 'FieldValueForbidden'
    | 'FieldValueRequired'
    | 'FieldValueDuplicate';
  readonly fieldPath?: string;
}

interface Common {
  readonly description: string;
  readonly rules?: readonly CelRule[];
}

function keywords({ rules, ...rest }: Common & Record<string, unknown>): Record<string, unknown> {
  return rules === undefined ? rest : { ...rest, 'x-kubernetes-validations': rules };
}

/** An object that takes the named fields only. */
export function object<P extends TProperties>(
  properties: P,
  options: Common & { default?: unknown; opaque?: string },
): TObject<P> {
  const { opaque, ...rest } = options;
  return Type.Object(properties, {
    additionalProperties: false,
    ...(opaque === undefined ? {} : { [opaqueKeyword]: opaque }),
    ...keywords(rest),
  });
}

/** An object whose further fields are kept and passed on; the operator checks them. */
export function passThrough(description: string) {
  return Type.Unsafe<UnknownFields>({
    type: 'object',
    description,
    'x-kubernetes-preserve-unknown-fields': true,
  });
}

interface StringOptions extends Common {
  readonly minLength?: number;
  readonly maxLength: number;
  readonly pattern?: string;
  readonly default?: string;
  readonly format?: 'date-time';
}

/** A string; `maxLength` bounds the cost of CEL rules and of everything later. */
export function string(options: StringOptions) {
  return Type.String(keywords({ ...options }));
}

export function integer(
  options: Common & { minimum?: number; maximum?: number; default?: number; format?: 'int32' | 'int64' },
) {
  return Type.Integer(keywords({ format: 'int64', ...options }));
}

export function boolean(options: Common & { default?: boolean }) {
  return Type.Boolean(keywords({ ...options }));
}

/** One of a few words. */
export function choice<const T extends string>(
  values: readonly T[],
  options: Common & { default?: NoInfer<T> },
) {
  return Type.Unsafe<T>({ type: 'string', enum: [...values], ...keywords({ ...options }) });
}

interface ListOptions extends Common {
  readonly minItems?: number;
  readonly maxItems: number;
}

/** A list that an apply replaces as a whole. */
export function atomicList<S extends TSchema>(items: S, options: ListOptions) {
  return Type.Array(items, { 'x-kubernetes-list-type': 'atomic', ...keywords({ ...options }) });
}

/** A list of distinct scalars; several appliers may each own some. */
export function setList<S extends TSchema>(items: S, options: ListOptions) {
  return Type.Array(items, { 'x-kubernetes-list-type': 'set', ...keywords({ ...options }) });
}

/** A list whose items are merged by `keys`, which are unique in it. */
export function mapList<S extends TSchema>(items: S, keys: readonly string[], options: ListOptions) {
  return Type.Array(items, {
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': [...keys],
    ...keywords({ ...options }),
  });
}

/** Free keys, values of one schema. */
export function mapOf<S extends TSchema>(values: S, options: Common & { maxProperties: number }) {
  return Type.Unsafe<Record<string, Static<S>>>({
    type: 'object',
    additionalProperties: values,
    ...keywords({ ...options }),
  });
}

export const optional = Type.Optional;
