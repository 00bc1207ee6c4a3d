/** A broken invariant of promfleet itself: never caught to continue, always reported with its stack. */
export class BugError extends Error {
  override readonly name = 'BugError';
}

/**
 * Whether an error comes from a mistake in the program and not from the world around it. Failures of requests are TypeErrors
 * with a cause.
 */
export function isDefect(error: unknown): error is Error {
  if (error instanceof BugError || error instanceof RangeError || error instanceof ReferenceError)
    return true;
  return error instanceof TypeError && error.cause === undefined;
}

/** Throws `BUG: message` when `condition` is false. Use it for what only a defect of ours can break. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new BugError(`BUG: ${message}`);
}
