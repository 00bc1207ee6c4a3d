import type { ErrorCode } from '../../../base/error-catalogue.ts';

/** One fault of a custom resource: where, which code of the catalogue, what is wrong. Never holds a secret's value. */
export interface Fault {
  readonly path: string;
  readonly code: ErrorCode;
  readonly message: string;
  /** From 1, inside the value at `path`. */
  readonly line?: number;
  readonly column?: number;
}

/** Collects faults; `at` prefixes paths, so that leaf checks need not know where they stand. */
export class FaultList {
  readonly faults: Fault[] = [];

  add(path: string, code: ErrorCode, message: string, place: { line?: number; column?: number } = {}): void {
    this.faults.push({ path, code, message, ...place });
  }

  get length(): number {
    return this.faults.length;
  }
}
