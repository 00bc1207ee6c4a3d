import type { Rule } from '../../controllers/operator/rights.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { ObservedPod } from '../status/picture.ts';

/** A fact that was asked for: known, or the reason why not. */
export type Asked<T> = { readonly known: T } | { readonly unknown: string };

export interface LeaseFact {
  readonly namespace: string;
  readonly name: string;
  readonly holder: string;
  /** Milliseconds since the epoch; undefined where nobody has renewed it. */
  readonly renewedMs: number | undefined;
  readonly durationMs: number;
}

export interface OperatorPodFact {
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  /** Why it does not run, where it does not. */
  readonly trouble: string | undefined;
}

export interface ClaimFact {
  readonly namespace: string;
  readonly name: string;
  readonly phase: string;
}

/** A right that the operator's account was found not to have. */
export interface MissingRight {
  readonly account: string;
  readonly rule: Rule;
  readonly verb: string;
  readonly resource: string;
}

/** Everything that is judged. */
export interface Facts {
  readonly server: { readonly version: string; readonly dateMs: number | undefined };
  /** When `server` was read, by our clock. */
  readonly nowMs: number;
  readonly missingKinds: readonly string[];
  readonly leases: Asked<readonly LeaseFact[]>;
  readonly operatorPods: Asked<readonly OperatorPodFact[]>;
  readonly missingRights: Asked<readonly MissingRight[]>;
  readonly stacks: Asked<readonly MonitoringStack[]>;
  readonly pods: Asked<readonly ObservedPod[]>;
  readonly claims: Asked<readonly ClaimFact[]>;
}
