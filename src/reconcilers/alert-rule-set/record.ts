import type { Fault } from '../../crds/selection-status.ts';

/** What one stack has made of one rule set: enough to tell whether to compile again, and for the status. */
export interface RuleSetRecord {
  readonly uid: string;
  readonly generation: number;
  /** Key of the dialect it was compiled for. */
  readonly dialect: string;
  readonly path: string;
  readonly groups: number;
  readonly acceptedGroups: number;
  readonly faults: readonly Fault[];
  readonly contentHash: string | undefined;
  readonly lastGood: boolean;
}
