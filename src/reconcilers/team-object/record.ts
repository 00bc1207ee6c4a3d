import type { Fault } from '../../crds/selection-status.ts';

/** What one stack has made of a team's object: enough to tell whether to compile again, and for the status. */
export interface TeamRecord {
  readonly uid: string;
  readonly generation: number;
  /** Parts (groups, receivers) without a fault. */
  readonly accepted: number;
  readonly faults: readonly Fault[];
  /** Identifies the accepted content; absent when nothing of the object is left. */
  readonly contentHash: string | undefined;
  /** The last good version of a refused part is still loaded. */
  readonly lastGood: boolean;
}
