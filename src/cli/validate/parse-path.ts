import type { FieldPath } from '../../crds/fault.ts';

/** Reads `spec.groups[checkout].rules[2].labels["a.b"]` to its parts; what it cannot read ends the path. */
export function parsePath(text: string): FieldPath {
  const parts: (string | number)[] = [];
  const part = /\.?([^.[\]]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\[([^\]]*)\]/y;
  while (part.lastIndex < text.length) {
    const match = part.exec(text);
    if (match === null) break;
    const [, name, index, quoted, key] = match;
    if (index !== undefined) parts.push(Number(index));
    else if (quoted !== undefined) parts.push(unquote(quoted));
    else parts.push(name ?? key ?? '');
  }
  return parts;
}

function unquote(inner: string): string {
  try {
    return JSON.parse(`"${inner}"`) as string;
  } catch {
    return inner;
  }
}
