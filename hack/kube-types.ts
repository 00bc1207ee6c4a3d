/**
 * Writes src/local/apiserver/kinds/type-table.ts: names, types and list keys of the fields of the built-in
 * kinds that the local API server knows, read from the OpenAPI of a running kube-apiserver. No prose is taken.
 *   node hack/kube-types.ts DIR MODULES
 * DIR holds the OpenAPI v3 documents, one JSON file per group version; MODULES the unpacked Go modules
 * k8s.io/api and k8s.io/apimachinery, whose generated.proto files give the field numbers.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Node {
  $ref?: string;
  allOf?: Node[];
  oneOf?: Node[];
  type?: string;
  format?: string;
  items?: Node;
  properties?: Record<string, Node>;
  additionalProperties?: Node;
  required?: string[];
  default?: unknown;
  [extension: `x-kubernetes-${string}`]: unknown;
}

/** Kinds by group; everything that they refer to follows. */
const roots = [
  'core.v1:Namespace Pod Service Endpoints ConfigMap Secret ServiceAccount PersistentVolumeClaim PersistentVolume Event Node Binding',
  'apps.v1:StatefulSet Deployment ReplicaSet ControllerRevision',
  'policy.v1:PodDisruptionBudget Eviction',
  'networking.v1:NetworkPolicy',
  'rbac.v1:Role RoleBinding ClusterRole ClusterRoleBinding',
  'coordination.v1:Lease',
  'events.v1:Event',
  'discovery.v1:EndpointSlice',
  'storage.v1:StorageClass',
  'apiextensions.v1:CustomResourceDefinition',
  'autoscaling.v1:Scale',
  'authentication.v1:TokenRequest TokenReview SelfSubjectReview',
  'authorization.v1:SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview LocalSubjectAccessReview',
];

const prefix = /^io\.k8s\.(api|apiextensions-apiserver\.pkg\.apis)\./;
const definitions = new Map<string, Node>();
const directory = process.argv[2]!;
for (const file of readdirSync(directory)) {
  const document = JSON.parse(readFileSync(join(directory, file), 'utf8'));
  for (const [name, node] of Object.entries(document.components?.schemas ?? {}))
    definitions.set(name.replace(prefix, ''), node as Node);
}

/** Messages by package and name, e.g. core.v1.Pod: field name -> number and type. */
const messages = new Map<string, Map<string, { number: number; type: string }>>();
for (const module of readdirSync(process.argv[3]!).filter((name) =>
  /^(api|apimachinery)@v0\.36/.test(name),
)) {
  const root = join(process.argv[3]!, module);
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('/v1/generated.proto') && !file.endsWith('/resource/generated.proto')) continue;
    const text = readFileSync(join(root, file), 'utf8').replaceAll(/^\s*\/\/.*$/gm, '');
    const pkg = /^package ([\w.]+);/m
      .exec(text)![1]!
      .replace(/^k8s\.io\.(api|apimachinery\.pkg\.apis)\./, '');
    for (const [, name, body] of text.matchAll(/^message (\w+) \{\n([\s\S]*?)^\}/gm)) {
      const fields = new Map<string, { number: number; type: string }>();
      for (const [, type, field, number] of body!.matchAll(
        /^\s+(?:optional |repeated )?(map<[^>]+>|[\w.]+) (\w+) = (\d+)/gm,
      ))
        fields.set(field!, {
          number: Number(number),
          type:
            type!.includes('.') || type!.startsWith('map')
              ? type!.replace(/^\.?k8s\.io\.(api|apimachinery\.pkg\.apis)\./, '')
              : `${pkg}.${type}`,
        });
      messages.set(`${pkg}.${name}`, fields);
    }
  }
}

/** `2`, or `2.1` for a field of a message that JSON writes inline; empty where protobuf does not have it. */
function fieldNumber(message: string, field: string, known: ReadonlySet<string>): string {
  const fields = messages.get(message);
  const direct = fields?.get(field);
  if (direct !== undefined) return String(direct.number);
  for (const [name, { number, type }] of fields ?? []) {
    if (known.has(name) || !messages.has(type)) continue;
    const inner = fieldNumber(type, field, known);
    if (inner !== '') return `${number}.${inner}`;
  }
  return '';
}

const scalars: Record<string, string> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'qty',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'ios',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': 'any',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'any',
};
const lines = new Map<string, string>();

/** Short name of a definition: core.v1.Pod is Pod, events.v1.Event is events.Event where the short one is taken. */
const shortNames = new Map<string, string>();
function shortName(full: string): string {
  const known = shortNames.get(full);
  if (known !== undefined) return known;
  const parts = full.replace('io.k8s.apimachinery.pkg.apis.', '').split('.');
  const base = parts.at(-1)!;
  const taken = [...shortNames.values()].includes(base);
  const name = taken ? `${parts[0]}.${base}` : base;
  shortNames.set(full, name);
  return name;
}

function refOf(node: Node): string | undefined {
  const ref = node.$ref ?? node.allOf?.[0]?.$ref;
  return ref?.replace('#/components/schemas/', '').replace(prefix, '');
}

function typeOf(node: Node): string {
  const ref = refOf(node);
  if (ref !== undefined) {
    if (scalars[ref] !== undefined) return scalars[ref];
    if (definitions.get(ref)?.properties === undefined) return 'any';
    visit(ref);
    return shortName(ref);
  }
  if (node.type === 'array') {
    const item = typeOf(node.items!);
    const keys = node['x-kubernetes-list-map-keys'] as string[] | undefined;
    const kind = node['x-kubernetes-list-type'];
    const merge = node['x-kubernetes-patch-merge-key'] as string | undefined;
    const strategy = String(node['x-kubernetes-patch-strategy'] ?? '');
    let text = item === 'string' ? '' : item;
    if (kind === 'map') text += `/${keys!.join(',')}`;
    else if (kind === 'set') text += '/set';
    if (strategy.includes('merge') && merge !== keys?.[0]) text += `~${merge ?? ''}`;
    if (strategy.includes('retainKeys')) text += '^';
    return `[${text}]`;
  }
  if (node.type === 'object') {
    if (node.additionalProperties === undefined) return 'any';
    const value = typeOf(node.additionalProperties);
    return `{${value === 'string' ? '' : value}}${node['x-kubernetes-map-type'] === 'atomic' ? '#' : ''}`;
  }
  if (node.type === 'integer') return 'int';
  if (node.type === 'boolean') return 'bool';
  if (node.type === 'number') return 'number';
  if (node.type === 'string')
    return node.format === 'byte' ? 'bytes' : node.format === 'date-time' ? 'time' : 'string';
  return 'any';
}

function visit(full: string): void {
  const name = shortName(full);
  if (lines.has(name)) return;
  lines.set(name, '');
  const node = definitions.get(full);
  if (node === undefined) throw new Error(`no definition ${full}`);
  const message = full.replace('io.k8s.apimachinery.pkg.apis.', '');
  const known = new Set(Object.keys(node.properties ?? {}));
  const fields = Object.entries(node.properties ?? {}).map(([field, value]) => {
    const type = typeOf(value);
    // A default of {} says that Go holds the struct itself, not a pointer to it.
    const held = refOf(value) !== undefined && JSON.stringify(value.default) === '{}' ? '*' : '';
    const required = `${node.required?.includes(field) ? '!' : ''}${held}`;
    const retain =
      refOf(value) !== undefined && value['x-kubernetes-patch-strategy'] === 'retainKeys' ? '^' : '';
    const number = fieldNumber(message, field, known);
    return `${field}${required}${number === '' ? '' : `#${number}`}${type === 'string' ? '' : `:${type}${retain}`}`;
  });
  lines.set(name, `${node['x-kubernetes-map-type'] === 'atomic' ? '# ' : ''}${fields.join(' ')}`);
}

for (const root of roots) {
  const [group, kinds] = root.split(':') as [string, string];
  for (const kind of kinds.split(' ')) visit(`${group}.${kind}`);
}

const table = [...lines]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, fields]) => `  ${name.includes('.') ? `'${name}'` : name}:\n    '${fields}',`);
writeFileSync(
  join(import.meta.dirname, '../src/local/apiserver/kinds/type-table.ts'),
  `// Written by hack/kube-types.ts from the OpenAPI of kube-apiserver 1.36; see type-notation.ts for how to read it.
export const typeTable: Readonly<Record<string, string>> = {
${table.join('\n')}
};
`,
);
