import type { FieldFault } from '../api-error.ts';
import { equalJson, isObject } from '../object.ts';

/**
 * Leaves out faults of values that an update does not touch (KEP-4008): an object that was valid under an older
 * definition stays editable. A value inside a list counts as untouched only when the whole list is.
 */
export function withoutUntouched(
  faults: readonly FieldFault[],
  object: unknown,
  live: unknown,
): FieldFault[] {
  return faults.filter(({ field }) => {
    const path = field.replace(/[[<].*$/, '');
    if (path === '') return true;
    const [before, after] = [at(live, path), at(object, path)];
    return before === undefined || !equalJson(before, after);
  });
}

function at(value: unknown, path: string): unknown {
  let current = value;
  for (const step of path.split('.')) {
    if (!isObject(current)) return undefined;
    current = current[step];
  }
  return current;
}
