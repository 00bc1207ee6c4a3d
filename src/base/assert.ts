/** A broken invariant of promfleet itself: never caught to continue, always reported with its stack. */
export class BugError extends Error {
  override readonly name = 'BugError';
}

/** Throws `BUG: message` when `condition` is false. Use it for what only a defect of ours can break. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new BugError(`BUG: ${message}`);
}
