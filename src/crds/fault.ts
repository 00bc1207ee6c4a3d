import type { ErrorCode } from '../base/error-catalogue.ts';
import type { Fault } from './selection-status.ts';

/** Where in an object a value stands: field names and list indexes. */
export type FieldPath = readonly (string | number)[];

/** One fault of an object, found by a pure check. */
export interface FieldFault {
  readonly path: FieldPath;
  readonly code: ErrorCode;
  /** What is wrong; what to do about it stands in the error catalogue. */
  readonly message: string;
  /** Position inside the text at `path`, both counted from 1; columns in Unicode code points. */
  readonly line?: number;
  readonly column?: number;
  /** The fault lies in the name of the field, not in its value. */
  readonly inKey?: boolean;
}

/** `spec.groups[0].rules[2].expr`; names that are no identifiers stand in quotes: `labels["a.b"]`. */
export function formatPath(path: FieldPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(part)) text += `[${JSON.stringify(shorten(part, 64))}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

/** The form in which a fault stands in a status. */
export function statusFault(fault: FieldFault): Fault {
  return {
    path: shorten(formatPath(fault.path), 1024),
    ...(fault.line === undefined ? {} : { line: fault.line }),
    ...(fault.column === undefined ? {} : { column: fault.column }),
    code: fault.code,
    message: shorten(fault.message, 4096),
  };
}

/** At most `maxChars` characters, the last one an ellipsis if something was cut; never half a surrogate pair. */
export function shorten(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const cut = text.slice(0, maxChars - 1);
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}
