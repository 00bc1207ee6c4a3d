import type { CustomResource } from './metadata.ts';
import { atomicList, integer, mapList, type Of, object, optional, string } from './schema.ts';
import { teamStatus } from './selection-status.ts';
import { duration, labelMap, suspend } from './values.ts';

const rule = object(
  {
    alert: optional(string({ description: 'Name of the alert.', minLength: 1, maxLength: 1024 })),
    record: optional(string({ description: 'Name of the series to record.', minLength: 1, maxLength: 1024 })),
    expr: string({ description: 'PromQL expression.', minLength: 1, maxLength: 65536 }),
    for: optional(duration('How long the expression must hold before the alert fires.')),
    keepFiringFor: optional(
      duration('How long the alert keeps firing after the expression ceased to hold (keep_firing_for).'),
    ),
    labels: optional(
      labelMap('Labels to add or overwrite; for alerts the values are templates. Reserved: `promfleet_*`.'),
    ),
    annotations: optional(labelMap('Annotations of the alert; the values are templates.')),
  },
  {
    description: 'An alerting or a recording rule.',
    rules: [
      {
        rule: 'has(self.alert) != has(self.record)',
        message: 'exactly one of alert and record must be set',
      },
      {
        rule: 'has(self.alert) || (!has(self.__for__) && !has(self.keepFiringFor) && !has(self.annotations))',
        message: 'a recording rule takes no for, keepFiringFor or annotations',
      },
    ],
  },
);

const group = object(
  {
    name: string({ description: 'Name, unique in this object.', minLength: 1, maxLength: 256 }),
    interval: optional(
      duration("How often the group is evaluated; default: the stack's evaluationInterval."),
    ),
    limit: optional(
      integer({
        description: 'Most alerts or series that one rule may produce; 0 means no limit.',
        minimum: 0,
        format: 'int32',
      }),
    ),
    queryOffset: optional(duration('How far in the past the group evaluates (query_offset).')),
    labels: optional(labelMap('Labels for every rule of the group; a label of the rule wins.')),
    rules: atomicList(rule, { description: 'Rules, evaluated in this order.', maxItems: 5000 }),
  },
  { description: 'Rules that are evaluated one after the other, at one interval.' },
);

export const alertRuleSetSpec = object(
  {
    ...suspend,
    groups: mapList(group, ['name'], { description: 'Rule groups.', maxItems: 200 }),
  },
  { description: 'Recording and alerting rules that a team owns.' },
);

/** Rules named in a status because they see one shard only. */
export const maxPartialRulesInStatus = 20;
/** Evaluation errors of one stack kept in a status. */
export const maxEvaluationErrorsInStatus = 10;

const partialRule = object(
  {
    group: string({ description: 'Group of the rule.', maxLength: 256 }),
    rule: string({ description: 'Name of the alert or of the recorded series.', maxLength: 1024 }),
    why: string({ description: 'Which part of the expression combines targets.', maxLength: 1024 }),
  },
  { description: 'A rule that combines series of several targets.' },
);

const evaluationError = object(
  {
    group: string({ description: 'Group of the rule.', maxLength: 256 }),
    rule: optional(string({ description: 'Name of the alert or of the recorded series.', maxLength: 1024 })),
    error: string({ description: 'What Prometheus reports.', maxLength: 1024 }),
  },
  { description: 'A rule that fails when evaluated.' },
);

export const alertRuleSetStatus = teamStatus(
  {
    description: 'What became of the rules; written by the operator.',
    contentHash: 'Hash of the accepted content that the replicas should load.',
    loadedExample: '2/2',
  },
  {
    rules: optional(
      object(
        {
          groups: integer({ description: 'Groups in the object.', minimum: 0 }),
          acceptedGroups: integer({ description: 'Groups without a fault.', minimum: 0 }),
          alerting: integer({ description: 'Alerting rules.', minimum: 0 }),
          recording: integer({ description: 'Recording rules.', minimum: 0 }),
        },
        { description: 'What the object holds.' },
      ),
    ),
    partialRules: optional(
      atomicList(partialRule, {
        description:
          'Rules that combine series of several targets, and see those of one shard only where a stack has several.',
        maxItems: maxPartialRulesInStatus,
      }),
    ),
  },
  {
    shards: optional(
      integer({
        description:
          'Shards of the stack, where it has several: each evaluates the rules over its own targets.',
        minimum: 2,
      }),
    ),
    evaluationErrors: optional(
      atomicList(evaluationError, {
        description: 'Rules that fail when evaluated.',
        maxItems: maxEvaluationErrorsInStatus,
      }),
    ),
  },
);

export type Rule = Of<typeof rule>;
export type RuleGroup = Of<typeof group>;
export type AlertRuleSetSpec = Of<typeof alertRuleSetSpec>;
export type AlertRuleSetStatus = Of<typeof alertRuleSetStatus>;
export type AlertRuleSet = CustomResource<'AlertRuleSet', AlertRuleSetSpec, AlertRuleSetStatus>;
