import type { Fault } from '../../crds/selection-status.ts';

/** What one stack has made of one route object. */
export interface RouteRecord {
  readonly uid: string;
  readonly generation: number;
  readonly receivers: number;
  readonly acceptedReceivers: number;
  readonly faults: readonly Fault[];
  /** Identifies what the object adds to the configuration, secrets apart. */
  readonly contentHash: string | undefined;
  readonly lastGood: boolean;
}
