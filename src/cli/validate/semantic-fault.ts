import type { ErrorCode } from '../../base/error-catalogue.ts';
import type { FieldFault } from '../../crds/fault.ts';
import type { RuleDialect } from '../../render/checks/rule-group.ts';
import type { Severity } from './manifest-fault.ts';
import { parsePath } from './parse-path.ts';

/** `pathText` is the path as the operator writes it, where that says more (`spec.receivers[slack]`). */
export type SemanticFault = FieldFault & { readonly severity: Severity; readonly pathText?: string };

/** What the stacks that may select the objects run. */
export interface Versions {
  readonly prometheus: readonly RuleDialect[];
  readonly alertmanager: readonly { readonly version: string; readonly featureFlags: readonly string[] }[];
  /** `namespace/name` of the AlertRoutes that stacks name as platformRoute. */
  readonly platformRoutes: ReadonlySet<string>;
  /** Schedules are judged from here on. */
  readonly nowMs: number;
}

/** Faults of all versions, each told once; those that only some versions have name these. */
export function forEachVersion<V extends { readonly version: string }, F extends FieldFault>(
  versions: readonly V[],
  program: string,
  check: (version: V) => readonly F[],
): F[] {
  const found = new Map<string, { fault: F; versions: string[] }>();
  for (const version of versions)
    for (const fault of check(version)) {
      const key = JSON.stringify([fault.path, fault.code, fault.message]);
      const known = found.get(key);
      if (known === undefined) found.set(key, { fault, versions: [version.version] });
      else known.versions.push(version.version);
    }
  return [...found.values()].map(({ fault, versions: names }) =>
    names.length === versions.length
      ? fault
      : { ...fault, message: `${fault.message} (${program} ${[...new Set(names)].join(', ')})` },
  );
}

/** A fault in the operator's words, its path a text. */
export function fromText(fault: { path: string; code: ErrorCode | string; message: string }): SemanticFault {
  return {
    path: parsePath(fault.path),
    pathText: fault.path,
    code: fault.code as ErrorCode,
    message: fault.message,
    severity: 'error',
  };
}
