import { cloneJson, define, equalJson, isObject } from '../object.ts';

/** A patch that cannot be applied to this document; the message says which operation and why. */
export class JsonPatchFault extends Error {
  override readonly name = 'JsonPatchFault';
  /** True when a `test` operation did not hold, false when the patch itself is wrong. */
  readonly tested: boolean;
  constructor(message: string, tested = false) {
    super(message);
    this.tested = tested;
  }
}

/** JSON patch, RFC 6902, paths by RFC 6901. Returns the patched copy. */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw new JsonPatchFault('a JSON patch is a list of operations');
  let result = cloneJson(document);
  for (const operation of patch) {
    if (!isObject(operation)) throw new JsonPatchFault('an operation is an object');
    result = applyOperation(result, operation);
  }
  return result;
}

function applyOperation(document: unknown, operation: Record<string, unknown>): unknown {
  const path = pointer(operation.path, 'path');
  switch (operation.op) {
    case 'add':
      return add(document, path, cloneJson(operation.value));
    case 'remove':
      return remove(document, path);
    case 'replace':
      read(document, path, 'replace');
      return replace(document, path, cloneJson(operation.value));
    case 'move': {
      const from = pointer(operation.from, 'from');
      const value = read(document, from, 'move');
      return add(remove(document, from), path, value);
    }
    case 'copy':
      return add(document, path, cloneJson(read(document, pointer(operation.from, 'from'), 'copy')));
    case 'test': {
      let found: unknown;
      try {
        found = read(document, path, 'test');
      } catch {
        found = null;
      }
      if (!equalJson(found, operation.value ?? null))
        throw new JsonPatchFault(`testing value ${text(path)} failed`, true);
      return document;
    }
    default:
      throw new JsonPatchFault(`Unexpected kind: ${String(operation.op)}`);
  }
}

function pointer(value: unknown, field: string): readonly string[] {
  if (typeof value !== 'string' || (value !== '' && !value.startsWith('/')))
    throw new JsonPatchFault(`${field} must be a JSON pointer`);
  return value
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

const text = (path: readonly string[]) => `/${path.join('/')}`;

function missing(kind: string, path: readonly string[]): JsonPatchFault {
  return new JsonPatchFault(
    `${kind} operation does not apply: doc is missing path: ${text(path)}: missing value`,
  );
}

function index(list: readonly unknown[], step: string, end: number): number {
  const value = /^(0|[1-9]\d*)$/.test(step) ? Number(step) : -1;
  if (value < 0 || value > end)
    throw new JsonPatchFault(
      `Unable to access invalid index: ${step}: invalid index referenced (length ${list.length})`,
    );
  return value;
}

function read(document: unknown, path: readonly string[], kind: string): unknown {
  let current = document;
  for (const step of path) {
    if (Array.isArray(current)) current = current[index(current, step, current.length - 1)];
    else if (isObject(current) && Object.hasOwn(current, step)) current = current[step];
    else throw missing(kind, path);
  }
  return current;
}

function parentOf(
  document: unknown,
  path: readonly string[],
  kind: string,
): [Record<string, unknown> | unknown[], string] {
  const parent = read(document, path.slice(0, -1), kind);
  if (!Array.isArray(parent) && !isObject(parent)) throw missing(kind, path);
  return [parent, path.at(-1)!];
}

function add(document: unknown, path: readonly string[], value: unknown): unknown {
  if (path.length === 0) return value;
  const [parent, step] = parentOf(document, path, 'add');
  if (Array.isArray(parent))
    parent.splice(step === '-' ? parent.length : index(parent, step, parent.length), 0, value);
  else define(parent, step, value);
  return document;
}

function replace(document: unknown, path: readonly string[], value: unknown): unknown {
  if (path.length === 0) return value;
  const [parent, step] = parentOf(document, path, 'replace');
  if (Array.isArray(parent)) parent[index(parent, step, parent.length - 1)] = value;
  else define(parent, step, value);
  return document;
}

function remove(document: unknown, path: readonly string[]): unknown {
  if (path.length === 0) return null;
  read(document, path, 'remove');
  const [parent, step] = parentOf(document, path, 'remove');
  if (Array.isArray(parent)) parent.splice(index(parent, step, parent.length - 1), 1);
  else delete parent[step];
  return document;
}
