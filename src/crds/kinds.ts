import { alertRouteSpec, alertRouteStatus } from './alert-route.ts';
import { alertRuleSetSpec, alertRuleSetStatus } from './alert-rule-set.ts';
import { monitoringStackSpec } from './monitoring-stack.ts';
import { monitoringStackStatus } from './monitoring-stack-status.ts';
import { retentionPolicySpec, retentionPolicyStatus } from './retention-policy.ts';
import type { CelRule } from './schema.ts';
import { silenceSpec, silenceStatus } from './silence.ts';
import type { SchemaNode } from './structural.ts';

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date' | 'boolean';
  readonly jsonPath: string;
  readonly description: string;
  /** Above 0: shown by `-o wide` only. */
  readonly priority?: number;
}

/** Everything that a CustomResourceDefinition says of one kind. */
export interface KindDefinition {
  readonly kind: KindName;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly spec: SchemaNode;
  readonly status: SchemaNode;
  /** CEL rules over the whole object; they may read `metadata.name` only. */
  readonly rules?: readonly CelRule[];
  readonly columns: readonly PrinterColumn[];
}

export type KindName = 'AlertRoute' | 'AlertRuleSet' | 'MonitoringStack' | 'RetentionPolicy' | 'Silence';

const text = (name: string, jsonPath: string, description: string, priority?: number): PrinterColumn => ({
  name,
  type: 'string',
  jsonPath,
  description,
  ...(priority === undefined ? {} : { priority }),
});

const condition = (name: string, description: string, priority?: number) =>
  text(name, `.status.conditions[?(@.type=="${name}")].status`, description, priority);

const reason = text('Reason', '.status.conditions[?(@.type=="Ready")].reason', 'Why it is ready or not.');
const message = text(
  'Message',
  '.status.conditions[?(@.type=="Ready")].message',
  'What is the case, and what to do.',
  1,
);
const age: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since it was created.',
};

/** Longest name of a stack: the names of its pods and their revision label must fit in 63 characters. */
export const maxStackNameChars = 37;

export const kinds: readonly KindDefinition[] = [
  {
    kind: 'MonitoringStack',
    plural: 'monitoringstacks',
    singular: 'monitoringstack',
    shortNames: ['mstack'],
    spec: monitoringStackSpec as unknown as SchemaNode,
    status: monitoringStackStatus as unknown as SchemaNode,
    rules: [
      {
        rule: `size(self.metadata.name) <= ${maxStackNameChars}`,
        message: `the name of a MonitoringStack has at most ${maxStackNameChars} characters`,
      },
      {
        rule: "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        message:
          'the name of a MonitoringStack begins with a letter and holds only lower-case letters, digits and dashes',
      },
    ],
    columns: [
      text('Prometheus', '.status.ready.prometheus', 'Prometheus pods that are ready, of all.'),
      text('Alertmanager', '.status.ready.alertmanager', 'Alertmanager pods that are ready, of all.'),
      text('Query', '.status.ready.query', 'Query servers that are ready, of all.'),
      text('Loaded', '.status.ready.loaded', 'Pods that report the current content as loaded, of all.'),
      condition('Ready', 'Whether everything runs and is loaded.'),
      reason,
      age,
      message,
    ],
  },
  {
    kind: 'AlertRuleSet',
    plural: 'alertrulesets',
    singular: 'alertruleset',
    shortNames: ['ars'],
    spec: alertRuleSetSpec as unknown as SchemaNode,
    status: alertRuleSetStatus as unknown as SchemaNode,
    columns: [
      condition('Accepted', 'Whether every rule is valid.'),
      text('Loaded', '.status.loaded', 'Prometheus replicas that loaded it, of all.'),
      condition('Healthy', 'Whether the rules evaluate without error.'),
      condition('Ready', 'Whether it is live everywhere.'),
      reason,
      age,
      message,
    ],
  },
  {
    kind: 'AlertRoute',
    plural: 'alertroutes',
    singular: 'alertroute',
    shortNames: ['aroute'],
    spec: alertRouteSpec as unknown as SchemaNode,
    status: alertRouteStatus as unknown as SchemaNode,
    columns: [
      condition('Accepted', 'Whether every receiver and route is valid.'),
      text('Loaded', '.status.loaded', 'Alertmanager replicas that loaded it, of all.'),
      condition('Ready', 'Whether it is live everywhere.'),
      reason,
      age,
      message,
    ],
  },
  {
    kind: 'Silence',
    plural: 'silences',
    singular: 'silence',
    shortNames: ['sil'],
    spec: silenceSpec as unknown as SchemaNode,
    status: silenceStatus as unknown as SchemaNode,
    columns: [
      text('State', '.status.state', 'Whether it mutes now.'),
      text('Until', '.status.endsAt', 'End of the current or next window.'),
      text('Confirmed', '.status.confirmed', 'Alertmanager replicas that hold it, of all.'),
      condition('Ready', 'Whether it is in force everywhere.'),
      reason,
      age,
      message,
    ],
  },
  {
    kind: 'RetentionPolicy',
    plural: 'retentionpolicies',
    singular: 'retentionpolicy',
    shortNames: ['retpol'],
    spec: retentionPolicySpec as unknown as SchemaNode,
    status: retentionPolicyStatus as unknown as SchemaNode,
    columns: [
      text('Stack', '.spec.stack.name', 'Stack whose bucket it is about.'),
      text('State', '.status.state', 'Whether its rules are in force.'),
      text('Series', '.status.preview.series', 'Series that lose samples by it.'),
      condition('Ready', 'Whether the bucket has this policy as it is here.'),
      reason,
      age,
      message,
    ],
  },
];

export function kindDefinition(kind: string): KindDefinition | undefined {
  return kinds.find((definition) => definition.kind === kind);
}
