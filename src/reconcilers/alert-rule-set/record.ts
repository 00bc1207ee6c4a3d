import type { AlertRuleSetStatus } from '../../crds/alert-rule-set.ts';
import type { TeamRecord } from '../team-object/record.ts';

/** What one stack has made of one rule set; its parts are groups. */
export interface RuleSetRecord extends TeamRecord {
  /** Key of the dialect it was compiled for. */
  readonly dialect: string;
  /** Rules that combine series of several targets; looked for only where the stack has several shards. */
  readonly partialRules: NonNullable<AlertRuleSetStatus['partialRules']>;
}
