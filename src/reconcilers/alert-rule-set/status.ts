import type { AlertRuleSet, AlertRuleSetStatus } from '../../crds/alert-rule-set.ts';
import { type Fault, maxFaultsInStatus, maxStacksInStatus } from '../../crds/selection-status.ts';
import { type ConditionDraft, conditionOf, mergeConditions } from '../conditions.ts';
import { decideStages, loadedText, type StackStage } from '../stages.ts';

/** A rule that fails when evaluated, as the replicas report it. */
export interface EvaluationError {
  readonly group: string;
  readonly error: string;
}

export interface RuleSetStage extends StackStage {
  /** The last good version of a refused part is still loaded. */
  readonly lastGood: boolean;
  readonly evaluationErrors: readonly EvaluationError[];
}

export interface ObservedRuleSet {
  readonly object: AlertRuleSet;
  /** Faults that hold for every stack. */
  readonly faults: readonly Fault[];
  /** Names of groups without a fault. */
  readonly acceptedGroups: number;
  readonly contentHash: string | undefined;
  readonly stages: readonly RuleSetStage[];
  readonly memory: RuleSetMemory;
}

/** What outlives one decision, so that passing states are not reported. */
export interface RuleSetMemory {
  /** Since when no stack selects the object. */
  readonly unselectedSinceMs?: number | undefined;
  /** Since when replicas that had loaded it do not report it, or health differs from what the status says. */
  readonly unsettledSinceMs?: number | undefined;
}

export interface RuleSetDecision {
  readonly status: AlertRuleSetStatus;
  readonly memory: RuleSetMemory;
  /** Look again after this time although nothing happened. */
  readonly recheckAfterMs: number | undefined;
}

/** Passing losses of replicas and passing evaluation errors are shorter than this. */
export const dampingMs = 30_000;

/** Evaluation errors of one stack kept in the status. */
const maxEvaluationErrors = 10;

export function decideRuleSetStatus(observed: ObservedRuleSet, nowMs: number): RuleSetDecision {
  const { object, faults } = observed;
  const selecting = observed.stages.filter((stage) => stage.verdict.selected);
  const unselectedSinceMs =
    selecting.length > 0
      ? undefined
      : (observed.memory.unselectedSinceMs ?? firstUnselectedMs(object, nowMs));
  const unselectedForMs = unselectedSinceMs === undefined ? 0 : nowMs - unselectedSinceMs;
  const rules = (object.spec.groups ?? []).flatMap((group) => group.rules ?? []);
  const groups = object.spec.groups?.length ?? 0;
  const statusOf = (stages: readonly RuleSetStage[], health: ConditionDraft): AlertRuleSetStatus => ({
    ...(object.metadata.generation === undefined ? {} : { observedGeneration: object.metadata.generation }),
    conditions: mergeConditions(
      object.status?.conditions,
      decideStages({
        faults,
        accepted: { parts: observed.acceptedGroups, of: groups, noun: groups === 1 ? 'group' : 'groups' },
        stages,
        unselectedForMs,
        health,
      }),
      object.metadata.generation,
      nowMs,
    ),
    ...(faults.length === 0 ? {} : { faults: faults.slice(0, maxFaultsInStatus) }),
    ...(observed.contentHash === undefined ? {} : { contentHash: observed.contentHash }),
    loaded: loadedText(stages),
    rules: {
      groups,
      acceptedGroups: observed.acceptedGroups,
      alerting: rules.filter((rule) => rule.alert !== undefined).length,
      recording: rules.filter((rule) => rule.record !== undefined).length,
    },
    stacks: stackEntries(stages),
  });
  const waitMs = [unselectedForMs < 60_000 && selecting.length === 0 ? 60_000 - unselectedForMs : undefined];
  const truth = statusOf(observed.stages, healthOf(observed.stages));
  const memory: RuleSetMemory = { unselectedSinceMs };
  if (!mayBePassing(object, observed, truth)) {
    return { status: truth, memory, recheckAfterMs: waitMs[0] };
  }
  const unsettledSinceMs = observed.memory.unsettledSinceMs ?? nowMs;
  if (nowMs - unsettledSinceMs >= dampingMs)
    return { status: truth, memory: { ...memory, unsettledSinceMs }, recheckAfterMs: waitMs[0] };
  return {
    status: object.status!,
    memory: { ...memory, unsettledSinceMs },
    recheckAfterMs: dampingMs - (nowMs - unsettledSinceMs),
  };
}

/**
 * Whether `truth` differs from the status only in what often passes by itself: a replica that restarts. Contents,
 * generations, selection and quarantine are never damped; a rule that fails is, by the reloader that reports it.
 */
function mayBePassing(object: AlertRuleSet, observed: ObservedRuleSet, truth: AlertRuleSetStatus): boolean {
  const before = object.status;
  if (before?.conditions === undefined || before.contentHash !== truth.contentHash) return false;
  if (before.observedGeneration !== truth.observedGeneration) return false;
  if (observed.stages.some((stage) => stage.quarantined !== undefined)) return false;
  const was = (type: string) => conditionOf(before.conditions, type)?.status;
  const is = (type: string) => conditionOf(truth.conditions, type)?.status;
  if (was('Accepted') !== is('Accepted') || was('Programmed') !== is('Programmed')) return false;
  return was('Loaded') === 'True' && is('Loaded') === 'False' && is('Programmed') === 'True';
}

/** An object that already was stalled for want of a stack stays so over a restart of the operator. */
function firstUnselectedMs(object: AlertRuleSet, nowMs: number): number {
  const stalled = conditionOf(object.status?.conditions, 'Stalled');
  const isOld =
    stalled?.status === 'True' && (stalled.reason === 'NotSelected' || stalled.reason === 'NotPermitted');
  return isOld ? nowMs - 60_000 : nowMs;
}

function healthOf(stages: readonly RuleSetStage[]): ConditionDraft {
  const selecting = stages.filter((stage) => stage.verdict.selected);
  const failing = selecting.find((stage) => stage.evaluationErrors.length > 0);
  if (failing !== undefined) {
    const [first] = failing.evaluationErrors;
    return {
      type: 'Healthy',
      status: 'False',
      reason: 'EvaluationFails',
      message: `stack ${failing.namespace}/${failing.name}: group ${first!.group}: ${first!.error}`,
    };
  }
  if (!selecting.some((stage) => stage.loaded > 0))
    return { type: 'Healthy', status: 'Unknown', reason: 'NotLoaded', message: 'no replica has loaded it' };
  return { type: 'Healthy', status: 'True', reason: 'Healthy', message: 'every rule evaluates' };
}

function stackEntries(stages: readonly RuleSetStage[]): NonNullable<AlertRuleSetStatus['stacks']> {
  return [...stages]
    .sort((a, b) => Number(b.verdict.selected) - Number(a.verdict.selected) || compare(a, b))
    .slice(0, maxStacksInStatus)
    .map((stage) => {
      const { namespace, name, verdict } = stage;
      const base = { namespace, name, selected: verdict.selected, reason: verdict.reason };
      if (!verdict.selected) return { ...base, message: verdict.message };
      return {
        ...base,
        programmed: stage.programmed,
        loaded: stage.loaded,
        replicas: stage.replicas,
        ...(stage.faults.length === 0 ? {} : { faults: stage.faults.slice(0, 20) }),
        ...(stage.lastGood ? { lastGood: true } : {}),
        ...(stage.evaluationErrors.length === 0
          ? {}
          : {
              evaluationErrors: stage.evaluationErrors
                .slice(0, maxEvaluationErrors)
                .map(({ group, error }) => ({ group, rule: '', error: error.slice(0, 1024) })),
            }),
      };
    });
}

function compare(a: StackStage, b: StackStage): number {
  const [left, right] = [`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`];
  return left < right ? -1 : left > right ? 1 : 0;
}
