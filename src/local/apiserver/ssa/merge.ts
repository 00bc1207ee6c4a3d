import { define, isObject, type JsonObject } from '../object.ts';
import { type Schema, schemaOfField } from '../schema/schema.ts';
import { type FieldSet, fieldStep, isEmptySet, itemStep, partsOf, shapeOf } from './field-set.ts';

/** The live value with an applied configuration merged over it; lists with keys and sets merge item by item. */
export function mergeApplied(live: unknown, applied: unknown, schema: Schema | undefined): unknown {
  const shape = shapeOf(applied, schema);
  if (shape === 'leaf' || live === undefined || live === null || shapeOf(live, schema) !== shape)
    return applied;
  if (shape === 'map') {
    const result: JsonObject = { ...(live as JsonObject) };
    for (const [name, value] of Object.entries(applied as JsonObject))
      define(
        result,
        name,
        mergeApplied(
          Object.hasOwn(result, name) ? result[name] : undefined,
          value,
          schemaOfField(schema, name),
        ),
      );
    return result;
  }
  return mergeLists(live as unknown[], applied as unknown[], shape, schema);
}

/** Applied items keep their order; items only in the live list stay where they are, before what comes new. */
function mergeLists(
  live: readonly unknown[],
  applied: readonly unknown[],
  shape: 'keyed' | 'set',
  schema: Schema | undefined,
): unknown[] {
  const liveParts = partsOf(live, shape, schema);
  const liveOrder = [...liveParts.keys()];
  const appliedSteps = new Set(applied.map((item) => itemStep(item, shape, schema)));
  const result: unknown[] = [];
  const placed = new Set<string>();
  let next = 0;
  const placeUnapplied = () => {
    for (; next < liveOrder.length; next++) {
      const step = liveOrder[next]!;
      if (placed.has(step)) continue;
      if (appliedSteps.has(step)) return;
      result.push(liveParts.get(step));
    }
  };
  for (const item of applied) {
    placeUnapplied();
    const step = itemStep(item, shape, schema);
    placed.add(step);
    result.push(shape === 'set' ? item : mergeApplied(liveParts.get(step), item, schema?.items));
  }
  placeUnapplied();
  return result;
}

/**
 * Removes the fields of `dropped` (what the manager applied last time) that nobody owns any more.
 * `owned` is the union of all managers' fields after this apply. Returns undefined when nothing is left.
 */
export function removeUnowned(
  value: unknown,
  dropped: FieldSet,
  owned: FieldSet | undefined,
  schema: Schema | undefined,
): unknown {
  const kept = owned !== undefined && !isEmptySet(owned);
  if (dropped.member && !kept) return undefined;
  const shape = shapeOf(value, schema);
  if (shape === 'leaf' || dropped.children.size === 0) return value;
  if (shape === 'map') {
    if (!isObject(value)) return value;
    const result: JsonObject = {};
    for (const name of Object.keys(value)) {
      const step = fieldStep(name);
      const child = dropped.children.get(step);
      const next =
        child === undefined
          ? value[name]
          : removeUnowned(value[name], child, owned?.children.get(step), schemaOfField(schema, name));
      if (next !== undefined) define(result, name, next);
    }
    const emptied = Object.keys(result).length === 0 && Object.keys(value).length > 0;
    return emptied && !kept ? undefined : result;
  }
  const list = value as readonly unknown[];
  const result: unknown[] = [];
  for (const item of list) {
    const step = itemStep(item, shape, schema);
    const child = dropped.children.get(step);
    const next =
      child === undefined ? item : removeUnowned(item, child, owned?.children.get(step), schema?.items);
    if (next !== undefined) result.push(next);
  }
  return result.length === 0 && list.length > 0 && !kept ? undefined : result;
}
