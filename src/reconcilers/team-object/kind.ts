import type { Condition } from '../../crds/condition.ts';
import type { Fault, TeamStatus } from '../../crds/selection-status.ts';
import type { ConditionDraft } from '../conditions.ts';
import type { SelectionView } from '../fleet/selection-view.ts';
import type { StackState } from '../fleet/stack-state.ts';
import type { KubeObject, ObjectKey } from '../object.ts';
import type { BundleState } from '../rule-bundle/bundle-state.ts';
import type { StackStage } from '../stages.ts';
import type { TeamRecord } from './record.ts';

/** An object that a team writes and that goes live, part by part, in the bundles of the stacks that select it. */
export interface TeamObject extends KubeObject {
  readonly spec: { readonly suspend?: boolean };
  readonly status?: TeamStatus & { readonly conditions?: readonly Condition[] };
}

export interface TeamStage extends StackStage {
  readonly lastGood: boolean;
}

/** What a stack holds of one object. */
export interface StackPart<R> {
  readonly stack: StackState;
  /** Absent while the stack has not compiled the object. */
  readonly record: R | undefined;
  /** The object's file in the stack's bundle. */
  readonly path: string;
}

/** What distinguishes one kind of team object from another; everything else of their status is the same. */
export interface TeamKind<O extends TeamObject, R extends TeamRecord, S extends TeamStage> {
  readonly kind: 'ruleSets' | 'routes';
  view(stack: StackState): SelectionView<R>;
  bundle(stack: StackState): BundleState;
  /** Path of the object's file in a bundle. */
  path(key: ObjectKey): string;
  /** How many parts the object has, and what they are called. */
  parts(object: O): { readonly of: number; readonly noun: string };
  /** Faults of an object that no stack has compiled, and how many parts have none. */
  judgeAlone(object: O): Promise<{ readonly faults: readonly Fault[]; readonly accepted: number }>;
  /** Parts that were accepted when the object was judged last, by its status. */
  acceptedBefore(object: O): number;
  /** A stage with what only this kind knows. */
  stage(base: TeamStage, part: StackPart<R>, object: O): S;
  /** Conditions beside the common ones; none of them is a part of Ready. */
  conditions(stages: readonly S[]): readonly ConditionDraft[];
  /** Fields of the status that only this kind has. */
  fields(object: O, accepted: number, stages: readonly S[]): object;
  /** Fields of `status.stacks[]` that only this kind has, for a stack that selects the object. */
  entry(stage: S): object;
}
