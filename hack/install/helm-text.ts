import { type Condition, type Content, Hole, type Node } from './expression.ts';

/** One object of a template file. `each` repeats it for every element of a value that is a list. */
export interface Document {
  readonly condition?: Condition;
  readonly each?: string;
  readonly object: Node;
}

/** The text of a template file. */
export function templateText(documents: readonly Document[]): string {
  return documents
    .map(({ condition: stated, each, object }) => {
      const condition = stated?.is === 'helm' ? undefined : stated;
      const lines = ['---', ...block(object, 0)];
      if (each !== undefined) {
        lines.unshift(`{{- range $item := $.Values.${each} }}`);
        lines.push('{{- end }}');
      }
      if (condition !== undefined) {
        lines.unshift(`{{- if ${conditionText(condition)} }}`);
        lines.push('{{- end }}');
      }
      return `${lines.join('\n')}\n`;
    })
    .join('');
}

/** Definitions of named texts, for the chart's `_helpers.tpl`. */
export function helperText(holes: readonly Hole[]): string {
  return holes
    .map(({ content }) => {
      if (content.type !== 'named') throw new Error(`BUG: ${content.type} has no name`);
      return `{{- define ${JSON.stringify(content.name)} -}}\n{{ ${expression(content.body)} }}\n{{- end }}\n`;
    })
    .join('');
}

/** A key as it stands; what YAML would read as something else than text is quoted. */
function keyText(key: string): string {
  const plain = /^[A-Za-z][\w./-]*$/.test(key) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(key);
  return plain ? key : JSON.stringify(key);
}

/** Lines of YAML, each indented by `depth` spaces. Everything inside is either a mapping, a sequence or one line of JSON. */
function block(node: Node, depth: number): string[] {
  if (Array.isArray(node))
    return (node as readonly Node[]).flatMap((element) => elementLines(element, depth));
  if (isMapping(node))
    return Object.entries(node).flatMap(([key, member]) => memberLines(keyText(key), member, depth));
  return [`${' '.repeat(depth)}${scalar(node)}`];
}

function memberLines(key: string, member: Node, depth: number): string[] {
  const pad = ' '.repeat(depth);
  if (member instanceof Hole && member.content.type === 'spread')
    return [
      `${pad}{{- range $key, $member := $.Values.${member.content.path} }}`,
      `${pad}{{ $key | toJson }}: {{ $member | toJson }}`,
      `${pad}{{- end }}`,
    ];
  if (member instanceof Hole && member.content.type === 'when' && !isScalarChoice(member.content)) {
    const { condition, then, otherwise } = member.content;
    if (condition.is === 'helm') return memberLines(key, then, depth);
    return [
      `${pad}{{- if ${conditionText(condition)} }}`,
      ...memberLines(key, then, depth),
      ...(otherwise === undefined ? [] : [`${pad}{{- else }}`, ...memberLines(key, otherwise, depth)]),
      `${pad}{{- end }}`,
    ];
  }
  const nested = isMapping(member) || Array.isArray(member);
  if (!nested) return [`${pad}${literal(key)}: ${scalar(member)}`];
  if (Object.keys(member as object).length === 0)
    return [`${pad}${literal(key)}: ${Array.isArray(member) ? '[]' : '{}'}`];
  // A list of conditional elements may come out empty, and then it must not be null.
  const lines = block(member, depth + 2);
  const mayBeEmpty =
    Array.isArray(member) &&
    (member as readonly Node[]).every((each) => each instanceof Hole && isOptional(each));
  if (!mayBeEmpty) return [`${pad}${literal(key)}:`, ...lines];
  throw new Error(`BUG: the list ${key} may come out empty; make the member itself conditional`);
}

function isOptional({ content }: Hole): boolean {
  return content.type === 'each' || content.type === 'spread' || content.type === 'when';
}

function elementLines(element: Node, depth: number): string[] {
  const pad = ' '.repeat(depth);
  if (element instanceof Hole) {
    const { content } = element;
    if (content.type === 'spread')
      return [`${pad}{{- range $.Values.${content.path} }}`, `${pad}- {{ . | toJson }}`, `${pad}{{- end }}`];
    if (content.type === 'each')
      return [
        `${pad}{{- range $item := $.Values.${content.path} }}`,
        ...elementLines(content.body, depth),
        `${pad}{{- end }}`,
      ];
    if (content.type === 'when' && !isScalarChoice(content)) {
      const branch = (node: Node) =>
        Array.isArray(node)
          ? (node as readonly Node[]).flatMap((inner) => elementLines(inner, depth))
          : elementLines(node, depth);
      return [
        `${pad}{{- if ${conditionText(content.condition)} }}`,
        ...branch(content.then),
        ...(content.otherwise === undefined ? [] : [`${pad}{{- else }}`, ...branch(content.otherwise)]),
        `${pad}{{- end }}`,
      ];
    }
  }
  const lines = block(element, depth + 2);
  // A condition in front of the first member would stand in the place of the dash.
  if (/^\s*\{\{-/.test(lines[0] ?? '')) return [`${pad}-`, ...lines];
  return [`${pad}- ${(lines[0] ?? '').trimStart()}`, ...lines.slice(1)];
}

function isMapping(node: Node): node is { readonly [key: string]: Node } {
  return typeof node === 'object' && node !== null && !Array.isArray(node) && !(node instanceof Hole);
}

/** Whether a choice can be written within a line: both sides are there and have no structure. */
function isScalarChoice(content: Content & { readonly type: 'when' }): boolean {
  return [content.then, content.otherwise].every(
    (side) => side !== undefined && !isMapping(side) && !Array.isArray(side),
  );
}

function scalar(node: Node): string {
  if (node instanceof Hole) return `{{ ${expression(node)} | toJson }}`;
  return literal(JSON.stringify(node));
}

/** Text that Helm must not take for a template, as in the annotations of alerts. */
function literal(json: string): string {
  return json.replaceAll('{{', '{{ "{{" }}');
}

const releaseFields = {
  name: '$.Release.Name',
  namespace: '$.Release.Namespace',
  appVersion: '$.Chart.AppVersion',
  chart: '(printf "%s-%s" $.Chart.Name $.Chart.Version)',
} as const;

function expression(node: Node): string {
  if (!(node instanceof Hole)) {
    if (typeof node === 'string') return JSON.stringify(node);
    throw new Error(`BUG: ${JSON.stringify(node)} within a line`);
  }
  const { content } = node;
  switch (content.type) {
    case 'value':
      return `$.Values.${content.path}`;
    case 'release':
      return releaseFields[content.field];
    case 'item':
      return '$item';
    case 'named':
      return `(include ${JSON.stringify(content.name)} $)`;
    case 'join':
      return `(print ${content.parts.map(asText).join(' ')})`;
    case 'when':
      if (content.otherwise === undefined) throw new Error('BUG: a choice within a line needs both sides');
      return `(ternary ${expression(content.then)} ${expression(content.otherwise)} ${conditionText(content.condition)})`;
    default:
      throw new Error(`BUG: ${content.type} within a line`);
  }
}

/** `print` puts spaces between operands that are no strings. */
function asText(node: Node): string {
  return node instanceof Hole ? `(toString ${expression(node)})` : JSON.stringify(String(node));
}

function conditionText(condition: Condition): string {
  switch (condition.is) {
    case 'set':
      return `(not (empty $.Values.${condition.path}))`;
    case 'release-name-contains':
      return `(contains ${JSON.stringify(condition.text)} $.Release.Name)`;
    case 'served':
      return `($.Capabilities.APIVersions.Has ${JSON.stringify(condition.api)})`;
    case 'helm':
      return '(eq true true)';
    case 'not':
      return `(not ${conditionText(condition.of)})`;
    case 'all':
      return `(and ${condition.of.map(conditionText).join(' ')})`;
  }
}
