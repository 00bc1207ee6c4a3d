import { expect, it } from 'vitest';
import { alertRouteSpec, receiverTypes as kindTypes } from '../../src/crds/alert-route.ts';
import { alertmanagerKey } from '../../src/crds/alertmanager-keys.ts';
import { propertiesOf, type SchemaNode } from '../../src/crds/structural.ts';
import type { Field, Schema } from '../../src/render/alertmanager/receivers/schema.ts';
import { receiverTypes } from '../../src/render/alertmanager/receivers/table.ts';

/** The kind's typed fields and the renderer's table are written apart; here they are held against each other. */
const receivers = propertiesOf(alertRouteSpec as unknown as SchemaNode).receivers!.items as SchemaNode;

/** Never typed: they read files or name a secret manager. `bearer_token` is the older form of authorization. */
const untyped = new Set(['file', 'manager']);

function fieldsOf(field: Field): Schema | undefined {
  if (field.type === 'object') return field.schema;
  return field.of === undefined ? undefined : fieldsOf(field.of);
}

function leafOf(field: Field): string {
  return field.of === undefined ? field.type : leafOf(field.of);
}

function below(schema: SchemaNode): SchemaNode {
  const inner =
    schema.items ??
    (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined);
  return inner === undefined || inner === null ? schema : below(inner as SchemaNode);
}

function compare(schema: SchemaNode, table: Schema, parents: readonly string[]): string[] {
  const at = parents.join('.');
  const names = Object.keys(propertiesOf(schema));
  const keys = new Map(
    names.map((name) => [name === 'urlFrom' ? 'url' : alertmanagerKey(parents, name), name]),
  );
  const differences = [
    ...[...keys]
      .filter(([key]) => table.fields[key] === undefined)
      .map(([, name]) => `${at}.${name} is not in the table`),
    ...Object.entries(table.fields)
      .filter(([key, field]) => !keys.has(key) && !untyped.has(leafOf(field)) && key !== 'bearer_token')
      .map(([key]) => `${at}: the kind has no field for ${key}`),
  ];
  for (const [key, name] of keys) {
    const inner = table.fields[key] === undefined ? undefined : fieldsOf(table.fields[key]);
    const property = below(propertiesOf(schema)[name]!);
    if (inner !== undefined && propertiesOf(property).secretKeyRef === undefined)
      differences.push(...compare(property, inner, [...parents, name]));
  }
  return differences;
}

it('every typed field of a receiver is one that the renderer knows, and the other way round', () => {
  expect([...kindTypes].sort()).toEqual(Object.keys(receiverTypes).sort());
  const differences = kindTypes.flatMap((type) =>
    compare(propertiesOf(receivers)[type]!, receiverTypes[type]!.schema, [type]),
  );
  expect(differences).toEqual([]);
});
