import type { FieldFault } from '../api-error.ts';
import type { KubeObject } from '../object.ts';
import type { Schema } from './schema.ts';

export function validateRules(
  _object: KubeObject,
  _live: KubeObject | undefined,
  _schema: Schema,
): FieldFault[] {
  return [];
}
