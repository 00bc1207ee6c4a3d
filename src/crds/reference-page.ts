import { alertmanagerKey } from './alertmanager-keys.ts';
import { examples } from './examples.ts';
import type { KindDefinition } from './kinds.ts';
import { apiVersion } from './metadata.ts';
import type { CelRule } from './schema.ts';
import { opaqueKeyword, propertiesOf, type SchemaNode } from './structural.ts';

const generatedNote = '<!-- Written by `make generate` from src/crds. Do not edit. -->';

/** The reference page of one kind in Markdown: columns, then a table of fields for spec and status. */
export function referencePage(definition: KindDefinition): string {
  const rules = definition.rules ?? [];
  return `${[
    generatedNote,
    `# ${definition.kind}`,
    `${definition.spec.description}`,
    [
      `- apiVersion: \`${apiVersion}\``,
      `- kind: \`${definition.kind}\`, namespaced`,
      `- kubectl: \`kubectl get ${definition.plural}\`, short \`${definition.shortNames.join('`, `')}\``,
      ...rules.map((rule) => `- ${rule.message}`),
    ].join('\n'),
    '## Example',
    `\`\`\`yaml\n${examples[definition.kind]}\`\`\``,
    '## What kubectl prints',
    table(
      ['column', 'says', 'shown by'],
      definition.columns.map((column) => [
        column.name,
        column.description,
        (column.priority ?? 0) > 0 ? '`kubectl get -o wide`' : '`kubectl get`',
      ]),
    ),
    '## spec',
    fieldTable(definition.spec, 'spec', definition.kind === 'AlertRoute'),
    ...opaqueSections(definition.spec),
    '## status',
    fieldTable(definition.status, 'status', false),
  ].join('\n\n')}\n`;
}

interface Row {
  readonly path: string;
  readonly schema: SchemaNode;
  readonly required: boolean;
}

function fieldTable(schema: SchemaNode, path: string, withKeys: boolean): string {
  const rows = [...rowsOf(schema, path)];
  const header = ['field', 'type', 'default', ...(withKeys ? ['alertmanager.yml'] : []), 'meaning'];
  return table(
    header,
    rows.map((row) => [
      `\`${row.path}\`${row.required ? ' (required)' : ''}`,
      typeText(row.schema),
      row.schema.default === undefined ? '' : `\`${JSON.stringify(row.schema.default)}\``,
      ...(withKeys ? [receiverKey(row.path)] : []),
      meaning(row.schema),
    ]),
  );
}

function* rowsOf(schema: SchemaNode, path: string): Generator<Row> {
  const required = new Set((schema.required as string[] | undefined) ?? []);
  for (const [name, property] of Object.entries(propertiesOf(schema))) {
    const below = path === '' ? name : `${path}.${name}`;
    yield { path: below, schema: property, required: required.has(name) };
    yield* rowsBelow(property, below);
  }
}

/** Objects that occur in many places, each explained once. */
function opaqueSections(spec: SchemaNode): string[] {
  const found = new Map<string, SchemaNode>();
  const look = (schema: SchemaNode) => {
    const name = schema[opaqueKeyword] as string | undefined;
    if (name !== undefined) {
      if (found.has(name)) return;
      found.set(name, schema);
    }
    for (const property of Object.values(propertiesOf(schema))) look(property);
    if (schema.items !== undefined) look(schema.items as SchemaNode);
    if (typeof schema.additionalProperties === 'object') look(schema.additionalProperties as SchemaNode);
  };
  look(spec);
  return [...found].flatMap(([name, schema]) => [
    `## ${name}`,
    meaning(schema),
    fieldTable({ ...schema, [opaqueKeyword]: undefined }, name === 'httpConfig' ? name : '', true),
  ]);
}

/** An object that holds a `secretKeyRef` and nothing else. */
function isSecretValue(schema: SchemaNode): boolean {
  const names = Object.keys(propertiesOf(schema));
  return names.length === 1 && names[0] === 'secretKeyRef';
}

/** An object of Kubernetes' own, which its documentation explains. */
function isLabelSelector(schema: SchemaNode): boolean {
  return Object.keys(propertiesOf(schema)).join() === 'matchLabels,matchExpressions';
}

function* rowsBelow(schema: SchemaNode, path: string): Generator<Row> {
  if (schema[opaqueKeyword] !== undefined) return;
  if (isSecretValue(schema) || isLabelSelector(schema)) return;
  const items = schema.items as SchemaNode | undefined;
  const values = schema.additionalProperties;
  if (items !== undefined) yield* rowsBelow(items, `${path}[]`);
  else if (typeof values === 'object' && values !== null) yield* rowsBelow(values as SchemaNode, `${path}.*`);
  else yield* rowsOf(schema, path);
}

function typeText(schema: SchemaNode): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'quantity';
  if (schema.enum !== undefined)
    return (schema.enum as string[]).map((word) => `\`${word === '' ? '""' : word}\``).join(', ');
  if (schema.type === 'array') return `list of ${typeText(schema.items as SchemaNode)}${listKey(schema)}`;
  if (isLabelSelector(schema)) return 'label selector (`matchLabels`, `matchExpressions`)';
  if (isSecretValue(schema)) return '`{secretKeyRef: {name, key}}`';
  if (schema[opaqueKeyword] !== undefined) {
    const name = String(schema[opaqueKeyword]);
    return `[${name}](#${name.toLowerCase().replaceAll(' ', '-')})`;
  }
  const values = schema.additionalProperties;
  if (typeof values === 'object' && values !== null) return `map of ${typeText(values as SchemaNode)}`;
  if (schema.type === undefined) return 'any';
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return 'object, free';
  return schema.format === 'date-time' ? 'time (RFC 3339)' : String(schema.type);
}

function listKey(schema: SchemaNode): string {
  const keys = schema['x-kubernetes-list-map-keys'] as string[] | undefined;
  return keys === undefined ? '' : `, by ${keys.join(' and ')}`;
}

function meaning(schema: SchemaNode): string {
  const rules = (schema['x-kubernetes-validations'] as CelRule[] | undefined) ?? [];
  const items = schema.items as SchemaNode | undefined;
  const itemRules = (items?.['x-kubernetes-validations'] as CelRule[] | undefined) ?? [];
  const bounds = [
    ['minimum', 'from'],
    ['maximum', 'up to'],
    ['minItems', 'at least'],
    ['maxItems', 'at most'],
  ]
    .filter(([key]) => schema[key!] !== undefined)
    .map(([key, word]) => `${word} ${schema[key!]}`);
  return [
    String(schema.description),
    ...[...rules, ...itemRules].map((rule) => `Rule: ${rule.message}.`),
    ...(bounds.length === 0 ? [] : [`(${bounds.join(', ')})`]),
  ].join(' ');
}

/** Spelling in alertmanager.yml of a field; nothing where there is none. */
function receiverKey(path: string): string {
  const receiver = /^spec\.receivers\[\]\.(?!name$|passThrough)(.+)$/.exec(path);
  if (receiver === null) {
    const mirrored = /^(spec\.(route|inhibitRules\[\]|timeIntervals\[\])\.|httpConfig\.|[^.]+$)/.test(path);
    return mirrored && !path.includes('*')
      ? `\`${alertmanagerKey([], path.split('.').at(-1)!.replace('[]', ''))}\``
      : '';
  }
  const names = receiver[1]!.split('.').map((name) => name.replace('[]', ''));
  if (names.length === 1) return `\`${names[0]}_configs\``;
  if (names.at(-1) === 'urlFrom') return '`url`';
  return `\`${alertmanagerKey(names.slice(0, -1), names.at(-1)!)}\``;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
