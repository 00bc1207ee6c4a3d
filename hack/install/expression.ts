/**
 * Objects with places that are filled when somebody installs. A `Node` is read in two ways: `evaluate` fills in values
 * and gives a plain object; `helm-text.ts` prints it as a Helm template. What both must agree on is defined here.
 */
export type Node =
  | string
  | number
  | boolean
  | null
  | readonly Node[]
  | { readonly [key: string]: Node }
  | Hole;

export class Hole {
  readonly content: Content;
  constructor(content: Content) {
    this.content = content;
  }
}

export type Content =
  | { readonly type: 'value'; readonly path: string }
  | { readonly type: 'release'; readonly field: 'name' | 'namespace' | 'appVersion' | 'chart' }
  | { readonly type: 'item' }
  | { readonly type: 'named'; readonly name: string; readonly body: Node }
  | { readonly type: 'join'; readonly parts: readonly Node[] }
  | {
      readonly type: 'when';
      readonly condition: Condition;
      readonly then: Node;
      readonly otherwise: Node | undefined;
    }
  | { readonly type: 'each'; readonly path: string; readonly body: Node }
  | { readonly type: 'spread'; readonly path: string };

export type Condition =
  /** A value is true, or not empty. */
  | { readonly is: 'set'; readonly path: string }
  | { readonly is: 'release-name-contains'; readonly text: string }
  | { readonly is: 'served'; readonly api: string }
  | { readonly is: 'helm' }
  | { readonly is: 'not'; readonly of: Condition }
  | { readonly is: 'all'; readonly of: readonly Condition[] };

/** `.Values.<path>`. */
export const value = (path: string) => new Hole({ type: 'value', path });
export const releaseName = new Hole({ type: 'release', field: 'name' });
export const releaseNamespace = new Hole({ type: 'release', field: 'namespace' });
export const appVersion = new Hole({ type: 'release', field: 'appVersion' });
/** Name and version of the chart, as Helm's own label wants it. */
export const chartLabel = new Hole({ type: 'release', field: 'chart' });
/** The element of the innermost `each`. */
export const item = new Hole({ type: 'item' });
/** Text that Helm computes in one place, under this name. */
export const named = (name: string, body: Node) => new Hole({ type: 'named', name, body });
/** Text from parts. */
export const join = (...parts: readonly Node[]) => new Hole({ type: 'join', parts });
/** As a member or element: absent unless the condition holds. As a scalar it needs both sides. */
export const when = (condition: Condition, then: Node, otherwise?: Node) =>
  new Hole({ type: 'when', condition, then, otherwise });
/** In a list: `body` for every element of a value that is a list. */
export const each = (path: string, body: Node) => new Hole({ type: 'each', path, body });
/** In a list: the elements of a value that is a list; as the member `...` of a mapping: the members of one that is a mapping. */
export const spread = (path: string) => new Hole({ type: 'spread', path });

export const isSet = (path: string): Condition => ({ is: 'set', path });
export const not = (of: Condition): Condition => ({ is: 'not', of });
export const all = (...of: readonly Condition[]): Condition => ({ is: 'all', of });
export const isHelm: Condition = { is: 'helm' };
export const isServed = (api: string): Condition => ({ is: 'served', api });
export const releaseNameContains = (text: string): Condition => ({ is: 'release-name-contains', text });

export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

export interface Context {
  readonly values: Plain;
  readonly release: {
    readonly name: string;
    readonly namespace: string;
    readonly appVersion: string;
    readonly chart: string;
  };
  /** Whether Helm installs; kustomize bases carry none of its labels. */
  readonly helm: boolean;
  /** `group/version/Kind` that the cluster serves. */
  readonly served: ReadonlySet<string>;
  readonly item?: Plain;
}

const absent = Symbol('absent');

/** The plain object, or undefined where the node is a condition that does not hold. */
export function evaluate(node: Node, context: Context): Plain | undefined {
  const found = read(node, context);
  return found === absent ? undefined : found;
}

function read(node: Node, context: Context): Plain | typeof absent {
  if (node instanceof Hole) return readHole(node.content, context);
  if (Array.isArray(node))
    return (node as readonly Node[]).flatMap((element) => readElement(element, context));
  if (typeof node !== 'object' || node === null) return node as Plain;
  const members: [string, Plain][] = [];
  for (const [key, member] of Object.entries(node)) {
    if (member instanceof Hole && member.content.type === 'spread') {
      members.push(
        ...Object.entries(valueAt(context.values, member.content.path) as { readonly [key: string]: Plain }),
      );
      continue;
    }
    const found = read(member, context);
    if (found !== absent) members.push([key, found]);
  }
  return Object.fromEntries(members);
}

function readElement(element: Node, context: Context): readonly Plain[] {
  if (element instanceof Hole) {
    const { content } = element;
    if (content.type === 'spread') return valueAt(context.values, content.path) as readonly Plain[];
    if (content.type === 'each')
      return (valueAt(context.values, content.path) as readonly Plain[]).flatMap((each) =>
        readElement(content.body, { ...context, item: each }),
      );
    if (content.type === 'when' && Array.isArray(content.then)) {
      const chosen = holds(content.condition, context) ? content.then : (content.otherwise ?? []);
      return (chosen as readonly Node[]).flatMap((inner) => readElement(inner, context));
    }
  }
  const found = read(element, context);
  return found === absent ? [] : [found];
}

function readHole(content: Content, context: Context): Plain | typeof absent {
  switch (content.type) {
    case 'value':
      return valueAt(context.values, content.path);
    case 'release':
      return context.release[content.field];
    case 'item':
      if (context.item === undefined) throw new Error('BUG: an item outside of each');
      return context.item;
    case 'named':
      return read(content.body, context);
    case 'join':
      return content.parts.map((part) => String(read(part, context) as string)).join('');
    case 'when':
      if (holds(content.condition, context)) return read(content.then, context);
      return content.otherwise === undefined ? absent : read(content.otherwise, context);
    default:
      throw new Error(`BUG: ${content.type} stands outside of a list`);
  }
}

export function holds(condition: Condition, context: Context): boolean {
  switch (condition.is) {
    case 'set':
      return !isEmpty(valueAt(context.values, condition.path));
    case 'release-name-contains':
      return context.release.name.includes(condition.text);
    case 'served':
      return context.served.has(condition.api);
    case 'helm':
      return context.helm;
    case 'not':
      return !holds(condition.of, context);
    case 'all':
      return condition.of.every((each) => holds(each, context));
  }
}

/** Empty in the sense of Go templates: false, 0, "", [], {} and null. */
function isEmpty(found: Plain): boolean {
  if (found === null || found === false || found === 0 || found === '') return true;
  return typeof found === 'object' && Object.keys(found).length === 0;
}

function valueAt(values: Plain, path: string): Plain {
  let found: Plain = values;
  for (const part of path.split('.')) {
    const next: Plain | undefined = (found as Readonly<Record<string, Plain>>)[part];
    if (next === undefined) throw new Error(`BUG: there is no value ${path}`);
    found = next;
  }
  return found;
}
