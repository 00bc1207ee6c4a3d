import { isObject } from '../object.ts';

export type JsonPath = (value: unknown) => readonly unknown[];

/** A step: a field, an index or slice, all children, or a filter `?(@.type=="Ready")`. */
type Step = (values: readonly unknown[]) => unknown[];

/** Text that is not a JSONPath of the supported subset. */
export class JsonPathFault extends Error {
  override readonly name = 'JsonPathFault';
}

const token =
  /\.((?:[A-Za-z_$]|\\.)(?:[\w$-]|\\.)*|\*)|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|\[(-?\d+)\]|\[(\*)\]|\[\?\(\s*@((?:\.[\w-]+)+)\s*(==|!=|<=|>=|<|>)\s*("[^"]*"|'[^']*'|-?[\d.]+|true|false)\s*\)\]/y;

/** JSONPath as CRD printer columns use it: fields, quoted fields, indexes, `*` and comparisons in filters. */
export function compileJsonPath(text: string): JsonPath {
  const path = text.replace(/^\{(.*)\}$/, '$1').replace(/^\$/, '');
  const steps: Step[] = [];
  token.lastIndex = 0;
  let position = 0;
  while (position < path.length) {
    token.lastIndex = position;
    const match = token.exec(path);
    if (match === null)
      throw new JsonPathFault(`cannot read the JSONPath ${text} at ${path.slice(position)}`);
    steps.push(stepOf(match));
    position = token.lastIndex;
  }
  return (value) => steps.reduce<readonly unknown[]>((values, step) => step(values), [value]);
}

function stepOf(match: RegExpExecArray): Step {
  const [, name, single, double, index, star, filterPath, operator, literal] = match;
  if (name === '*' || star !== undefined)
    return (values) =>
      values.flatMap((value) => (Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []));
  const key = (name ?? single ?? double)?.replaceAll(/\\(.)/g, '$1');
  if (key !== undefined) return (values) => values.flatMap((value) => childOf(value, key));
  if (index !== undefined)
    return (values) =>
      values.flatMap((value) => (Array.isArray(value) ? present(value.at(Number(index))) : []));
  const steps = filterPath!.slice(1).split('.');
  const wanted = literal!.startsWith("'") ? literal!.slice(1, -1) : (JSON.parse(literal!) as unknown);
  const compare = comparisons[operator!]!;
  return (values) =>
    values.flatMap((value) =>
      Array.isArray(value)
        ? value.filter((item) => {
            const found = steps.reduce<readonly unknown[]>(
              (items, step) => items.flatMap((entry) => childOf(entry, step)),
              [item],
            );
            return found.length > 0 && compare(found[0], wanted);
          })
        : [],
    );
}

const comparisons: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => (a as number) < (b as number),
  '<=': (a, b) => (a as number) <= (b as number),
  '>': (a, b) => (a as number) > (b as number),
  '>=': (a, b) => (a as number) >= (b as number),
};

const present = (value: unknown): unknown[] => (value === undefined ? [] : [value]);

function childOf(value: unknown, key: string): unknown[] {
  return isObject(value) && Object.hasOwn(value, key) ? [value[key]] : [];
}
