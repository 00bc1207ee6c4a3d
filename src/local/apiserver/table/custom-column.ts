import type { Column } from '../kinds/resource-type.ts';
import type { JsonObject } from '../object.ts';
import { ageText } from './age.ts';
import { compileJsonPath } from './json-path.ts';

/** A column of a CRD's additionalPrinterColumns; a value of another type than declared is shown as nothing. */
export function customColumn(declared: JsonObject): Column {
  const read = compileJsonPath(String(declared.jsonPath ?? ''));
  const type = String(declared.type ?? 'string');
  return {
    name: String(declared.name ?? ''),
    type,
    format: String(declared.format ?? ''),
    description: String(
      declared.description ??
        `Custom resource definition column (in JSONPath format): ${String(declared.jsonPath ?? '')}`,
    ),
    priority: Number(declared.priority ?? 0),
    value(object, nowMs) {
      const found = read(object);
      if (found.length === 0) return null;
      return cell(found, type, nowMs);
    },
  };
}

function cell(found: readonly unknown[], type: string, nowMs: number): unknown {
  const first = found[0];
  switch (type) {
    case 'integer':
      return typeof first === 'number' ? Math.trunc(first) : null;
    case 'number':
      return typeof first === 'number' ? first : null;
    case 'boolean':
      return typeof first === 'boolean' ? first : null;
    case 'date':
      return typeof first === 'string' ? ageText(first, nowMs) : null;
    default:
      return textOf(first);
  }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
