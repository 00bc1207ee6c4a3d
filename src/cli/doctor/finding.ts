/** What one check found. */
export interface Finding {
  /** What was looked at, in a word or two. */
  readonly check: string;
  /** unknown: it could not be asked, for want of rights for instance. */
  readonly verdict: 'ok' | 'warning' | 'fault' | 'unknown';
  readonly message: string;
  /** What to do; absent where there is nothing to do. */
  readonly action?: string;
}
