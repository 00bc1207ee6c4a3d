import { expect, test } from 'vitest';
import { alertRouteSpec, receiverTypes as declaredTypes } from '../../../crds/alert-route.ts';
import { alertmanagerKey } from '../../../crds/alertmanager-keys.ts';
import type { Schema } from './schema.ts';
import { receiverTypes } from './table.ts';

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
}

const receiver = (alertRouteSpec as unknown as JsonSchema).properties!.receivers!.items!.properties!;

test('the table has every receiver type that AlertRoute declares, and no other', () => {
  expect(Object.keys(receiverTypes).sort()).toEqual([...declaredTypes].sort());
});

/** Typed fields that lead to no field of the table, by the path that the object would have. */
function strays(declared: JsonSchema, schema: Schema, path: readonly string[]): string[] {
  return Object.entries(declared.properties ?? {}).flatMap(([name, child]) => {
    const key = name === 'urlFrom' ? 'url' : alertmanagerKey(path, name);
    const field = schema.fields[key];
    const here = [...path, name];
    if (field === undefined || field.type === 'file') return [here.join('.')];
    const inner = field.type === 'list' || field.type === 'map' ? field.of! : field;
    if (inner.type !== 'object') return [];
    const next =
      child.items ?? (typeof child.additionalProperties === 'object' ? child.additionalProperties : child);
    return strays(next, inner.schema!, here);
  });
}

test.each(declaredTypes)('every typed field of %s is one of Alertmanager, at every depth', (type) => {
  expect(strays(receiver[type]!, receiverTypes[type]!.schema, [type])).toEqual([]);
});

/** What AlertRoute offers by passThrough only, on purpose. */
const passThroughOnly = new Set([
  'bearer_token',
  'proxy_connect_header',
  'client_certificate_key_id',
  'client_certificate_key',
  'grant_type',
  'signature_algorithm',
  'iss',
  'audience',
  'claims',
]);

function untyped(declared: JsonSchema | undefined, schema: Schema, path: readonly string[]): string[] {
  const names = new Map(
    Object.entries(declared?.properties ?? {}).map(([name, child]) => [
      alertmanagerKey(path, name),
      [name, child] as const,
    ]),
  );
  return Object.entries(schema.fields).flatMap(([key, field]) => {
    const inner = field.of ?? field;
    if (['file', 'manager'].includes(inner.type) || passThroughOnly.has(key)) return [];
    const found = names.get(key);
    if (found === undefined) return [[...path, key].join('.')];
    if (inner.type !== 'object') return [];
    const [name, child] = found;
    const next =
      child.items ?? (typeof child.additionalProperties === 'object' ? child.additionalProperties : child);
    return untyped(next, inner.schema!, [...path, name]);
  });
}

test.each(declaredTypes)(
  'every field of Alertmanager for %s has a typed field, but for those named here',
  (type) => {
    expect(untyped(receiver[type]!, receiverTypes[type]!.schema, [type])).toEqual([]);
  },
);
