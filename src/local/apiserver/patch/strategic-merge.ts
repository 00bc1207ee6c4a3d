import { define, equalJson, isObject, type JsonObject } from '../object.ts';
import { type Schema, schemaOfField } from '../schema/schema.ts';

const directive = '$patch';
const retainKeys = '$retainKeys';
const deleteFromList = '$deleteFromPrimitiveList/';
const elementOrder = '$setElementOrder/';

/** A strategic merge patch that contradicts itself or the schema. */
export class StrategicPatchFault extends Error {
  override readonly name = 'StrategicPatchFault';
}

/**
 * Strategic merge patch: a merge patch in which lists with a merge key are merged item by item, with the
 * directives $patch, $retainKeys, $deleteFromPrimitiveList and $setElementOrder (Kubernetes API conventions,
 * "Strategic Merge Patch"). Returns the patched copy.
 */
export function applyStrategicMergePatch(
  target: unknown,
  patch: unknown,
  schema: Schema | undefined,
): unknown {
  if (!isObject(patch)) throw new StrategicPatchFault('a strategic merge patch is an object');
  return mergeMap(isObject(target) ? target : {}, patch, schema);
}

function mergeMap(target: JsonObject, patch: JsonObject, schema: Schema | undefined): JsonObject {
  const action = patch[directive];
  if (action === 'replace') return withoutDirectives(patch);
  if (action === 'delete') return {};
  if (action !== undefined && action !== 'merge')
    throw new StrategicPatchFault(`unknown patch type: ${String(action)}`);
  const result: JsonObject = { ...target };
  const retained = patch[retainKeys];
  if (Array.isArray(retained))
    for (const key of Object.keys(result)) if (!retained.includes(key)) delete result[key];

  for (const key of Object.keys(patch)) {
    const change = patch[key];
    if (key === directive || key === retainKeys || key.startsWith(elementOrder)) continue;
    if (key.startsWith(deleteFromList)) {
      const field = key.slice(deleteFromList.length);
      const current = result[field];
      if (Array.isArray(current) && Array.isArray(change))
        result[field] = current.filter((item) => !change.some((gone) => equalJson(gone, item)));
      continue;
    }
    if (change === null) {
      delete result[key];
      continue;
    }
    const child = schemaOfField(schema, key);
    const current = Object.hasOwn(result, key) ? result[key] : undefined;
    if (isObject(change)) define(result, key, mergeMap(isObject(current) ? current : {}, change, child));
    else if (Array.isArray(change))
      define(result, key, mergeList(Array.isArray(current) ? current : [], change, child));
    else define(result, key, change);
  }
  for (const key of Object.keys(patch)) {
    const order = patch[key];
    if (!key.startsWith(elementOrder) || !Array.isArray(order)) continue;
    const field = key.slice(elementOrder.length);
    const list = result[field];
    if (Array.isArray(list)) result[field] = reorder(list, order, mergeKeyOf(schemaOfField(schema, field)));
  }
  return result;
}

const mergeKeyOf = (schema: Schema | undefined) => schema?.['x-kubernetes-patch-merge-key'];

function mergeList(
  target: readonly unknown[],
  patch: readonly unknown[],
  schema: Schema | undefined,
): unknown[] {
  const strategy = schema?.['x-kubernetes-patch-strategy'] ?? '';
  if (!strategy.includes('merge')) return patch.map(withoutDirectivesDeep);
  const mergeKey = mergeKeyOf(schema);
  if (mergeKey === undefined) {
    const added = patch.filter((item) => !target.some((known) => equalJson(known, item)));
    return [...target, ...added];
  }
  const items = patch.map((item) => {
    if (!isObject(item)) throw new StrategicPatchFault(`expected a list of objects merged by ${mergeKey}`);
    return item;
  });
  if (items.some((item) => item[directive] === 'replace' && Object.keys(item).length === 1))
    return items.filter((item) => Object.keys(item).length > 1).map(withoutDirectives);

  const result = [...target];
  for (const item of items) {
    const key = item[mergeKey];
    if (key === undefined)
      throw new StrategicPatchFault(
        `map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`,
      );
    const at = result.findIndex((known) => isObject(known) && equalJson(known[mergeKey], key));
    if (item[directive] === 'delete') {
      if (at >= 0) result.splice(at, 1);
    } else if (at < 0) result.push(mergeMap({}, item, schema?.items));
    else result[at] = mergeMap(result[at] as JsonObject, item, schema?.items);
  }
  return result;
}

function withoutDirectives(patch: JsonObject): JsonObject {
  const kept: JsonObject = {};
  for (const key of Object.keys(patch))
    if (!key.startsWith('$') && patch[key] !== null) define(kept, key, withoutDirectivesDeep(patch[key]));
  return kept;
}

function withoutDirectivesDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectivesDeep);
  return isObject(value) ? withoutDirectives(value) : value;
}

/** Items in the wanted order; items that the order does not name stay after the one they followed. */
function reorder(
  list: readonly unknown[],
  order: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const identity = (item: unknown) => (mergeKey !== undefined && isObject(item) ? item[mergeKey] : item);
  const position = new Map<unknown, number>();
  for (const [index, item] of order.entries()) position.set(identity(item), index);
  const named = list.filter((item) => position.has(identity(item)));
  named.sort((a, b) => position.get(identity(a))! - position.get(identity(b))!);
  const result: unknown[] = [];
  let next = 0;
  for (const item of list) result.push(position.has(identity(item)) ? named[next++] : item);
  return result;
}
