import {
  type AlertRuleSet,
  type AlertRuleSetStatus,
  maxEvaluationErrorsInStatus,
  maxPartialRulesInStatus,
} from '../../crds/alert-rule-set.ts';
import { ruleFilePath } from '../../render/names.ts';
import type { ConditionDraft } from '../conditions.ts';
import type { RuleSetCompilation } from '../monitoring-stack/rules.ts';
import type { BundleState } from '../rule-bundle/bundle-state.ts';
import type { TeamKind, TeamStage } from '../team-object/kind.ts';
import { defaultDialect } from './compile.ts';
import type { RuleSetRecord } from './record.ts';

type StackEntry = NonNullable<AlertRuleSetStatus['stacks']>[number];
type EvaluationError = NonNullable<StackEntry['evaluationErrors']>[number];
type PartialRule = NonNullable<AlertRuleSetStatus['partialRules']>[number];

export interface RuleSetStage extends TeamStage {
  /** Rules that fail when evaluated, as the replicas report them. */
  readonly evaluationErrors: readonly EvaluationError[];
  readonly shards: number;
  /** Rules that combine targets, which matters where a stack has several shards. */
  readonly partialRules: readonly PartialRule[];
}

/** AlertRuleSets: groups of rules in the Prometheus servers of a stack. */
export function ruleSetKind(
  compilation: RuleSetCompilation,
): TeamKind<AlertRuleSet, RuleSetRecord, RuleSetStage> {
  return {
    kind: 'ruleSets',
    view: (stack) => stack.ruleSets,
    bundle: (stack) => stack.ruleBundle,
    path: ({ namespace, name }) => ruleFilePath(namespace, name),
    parts(object) {
      const of = countsOf(object).groups;
      return { of, noun: of === 1 ? 'group' : 'groups' };
    },
    async judgeAlone(object) {
      const { groups } = await compilation.compile(object, defaultDialect);
      return {
        faults: groups.flatMap((group) => group.faults),
        accepted: groups.filter((group) => group.rendered !== undefined).length,
      };
    },
    acceptedBefore: ({ status }) => status?.rules?.acceptedGroups ?? 0,
    stage: (base, { stack, record, path }, { status }) => ({
      ...base,
      evaluationErrors: evaluationErrors(stack.ruleBundle, path),
      shards: stack.object.spec.prometheus?.shards ?? 1,
      // A suspended object is not compiled after a restart: what was told stays.
      partialRules: record?.partialRules ?? status?.partialRules ?? [],
    }),
    conditions: (stages) => [healthOf(stages), ...viewOf(stages)],
    fields: (object, acceptedGroups, stages) => {
      const { groups, alerting, recording } = countsOf(object);
      const partial = stages.find(sharded)?.partialRules ?? [];
      return {
        rules: {
          groups,
          acceptedGroups,
          alerting,
          recording,
        },
        ...(partial.length === 0 ? {} : { partialRules: partial.slice(0, maxPartialRulesInStatus) }),
      } satisfies AlertRuleSetStatus;
    },
    entry: ({ shards, evaluationErrors: errors }) =>
      ({
        ...(shards === 1 ? {} : { shards }),
        ...(errors.length === 0 ? {} : { evaluationErrors: errors.slice(0, maxEvaluationErrorsInStatus) }),
      }) satisfies Partial<StackEntry>,
  };
}

interface Counts {
  readonly groups: number;
  readonly alerting: number;
  readonly recording: number;
}

/** Of one version of an object, which is never changed: reading a large one takes milliseconds. */
const counts = new WeakMap<AlertRuleSet, Counts>();

function countsOf(object: AlertRuleSet): Counts {
  const known = counts.get(object);
  if (known !== undefined) return known;
  // The schema makes them a list, but an object may be older than the schema.
  const groups = object.spec.groups ?? [];
  let [alerting, recording] = [0, 0];
  for (const { rules = [] } of groups) {
    for (const rule of rules) {
      if (rule.alert !== undefined) alerting++;
      if (rule.record !== undefined) recording++;
    }
  }
  const counted = { groups: groups.length, alerting, recording };
  counts.set(object, counted);
  return counted;
}

function evaluationErrors(bundle: BundleState, path: string): EvaluationError[] {
  const errors = new Map<string, EvaluationError>();
  for (const [, report] of bundle.replicas.pods())
    for (const { path: file, group, rule, error } of report?.ruleHealth ?? [])
      if (file === path)
        errors.set(JSON.stringify([group, rule]), {
          group,
          ...(rule === undefined ? {} : { rule: rule.slice(0, 1024) }),
          error: error.slice(0, 1024),
        });
  return [...errors.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, error]) => error);
}

function healthOf(stages: readonly RuleSetStage[]): ConditionDraft {
  const selecting = stages.filter((stage) => stage.verdict.selected);
  const failing = selecting.find((stage) => stage.evaluationErrors.length > 0);
  if (failing !== undefined) {
    const [first, ...others] = failing.evaluationErrors;
    const rule = first!.rule === undefined ? '' : `, rule ${first!.rule}`;
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
    return {
      type: 'Healthy',
      status: 'False',
      reason: 'EvaluationFails',
      message: `stack ${failing.namespace}/${failing.name}: group ${first!.group}${rule}: ${first!.error}${more}`,
    };
  }
  if (!selecting.some((stage) => stage.loaded > 0))
    return { type: 'Healthy', status: 'Unknown', reason: 'NotLoaded', message: 'no replica has loaded it' };
  return { type: 'Healthy', status: 'True', reason: 'Healthy', message: 'every rule evaluates' };
}

const sharded = ({ verdict, shards }: RuleSetStage) => verdict.selected && shards > 1;

/**
 * Where a stack has several shards: whether that matters to these rules. Each shard evaluates them over its own targets,
 * as rules of a sharded Prometheus do everywhere, so this is told and no fault.
 */
function viewOf(stages: readonly RuleSetStage[]): readonly ConditionDraft[] {
  const stage = stages.find(sharded);
  if (stage === undefined) return [];
  const { namespace, name, shards, partialRules } = stage;
  const stack = `stack ${namespace}/${name} has ${shards} shards`;
  const [first, ...others] = partialRules;
  if (first === undefined)
    return [
      {
        type: 'SeesAllTargets',
        status: 'True',
        reason: 'OneTargetAtATime',
        message: `${stack}; no rule combines targets, so each is evaluated where its target is scraped`,
      },
    ];
  const more = others.length === 0 ? '' : ` (and ${others.length} more rules)`;
  return [
    {
      type: 'SeesAllTargets',
      status: 'False',
      reason: 'Sharded',
      message: `${stack}, and each evaluates the rules over its own targets only; group ${first.group}, rule ${first.rule}: ${first.why}${more}`,
    },
  ];
}
