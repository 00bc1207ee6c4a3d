/** Which Secrets an AlertRoute refers to, so that they can be read before it is rendered. */
import type { AlertRouteSpec } from '../../crds/alert-route.ts';

export interface SecretReference {
  readonly name: string;
  readonly key: string;
}

/** Nesting that references are searched in. */
const maxDepth = 24;

/** None of an object that cannot be read: compiling it says so, at the object. */
export function secretReferencesSafely(spec: AlertRouteSpec): readonly SecretReference[] {
  try {
    return secretReferences(spec);
  } catch {
    return [];
  }
}

/** Every `secretKeyRef` of the object, each once, sorted. */
function secretReferences(spec: AlertRouteSpec): readonly SecretReference[] {
  const found = new Map<string, SecretReference>();
  const visit = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > maxDepth) return;
    if (Array.isArray(value)) {
      for (const item of value) visit(item, depth + 1);
      return;
    }
    for (const [key, child] of Object.entries(value)) {
      const reference = key === 'secretKeyRef' ? (child as Partial<SecretReference> | null) : undefined;
      if (typeof reference?.name === 'string' && typeof reference.key === 'string') {
        found.set(`${reference.name}/${reference.key}`, { name: reference.name, key: reference.key });
      } else visit(child, depth + 1);
    }
  };
  visit(spec.receivers, 0);
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, reference]) => reference);
}
