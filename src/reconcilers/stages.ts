import type { Fault } from '../crds/selection-status.ts';
import type { ConditionDraft } from './conditions.ts';
import type { Verdict } from './selection.ts';

/** What one stack makes of a team's object. */
export interface StackStage {
  readonly namespace: string;
  readonly name: string;
  readonly verdict: Verdict;
  /** The stack's bundle holds everything of the object that the stack can take. */
  readonly programmed: boolean;
  readonly loaded: number;
  readonly replicas: number;
  /** What only this stack cannot take: its version, its feature flags, the room in its bundle. */
  readonly faults: readonly Fault[];
  /** No part of the object can be taken, so there is nothing that a replica could load. */
  readonly refused?: boolean;
  /** What keeps the whole stack from being brought about until somebody changes something. */
  readonly problem?: { readonly code: string; readonly message: string } | undefined;
  /** What a server says that refuses the object's file. */
  readonly quarantined?: string | undefined;
}

export interface StageInput {
  readonly faults: readonly Fault[];
  /** For the message: `2 of 3 groups`. */
  readonly accepted: { readonly parts: number; readonly of: number; readonly noun: string };
  readonly stages: readonly StackStage[];
  /** How long no stack has selected the object. */
  readonly unselectedForMs: number;
  /** What only this kind has to say: whether what is loaded works. No part of Ready. */
  readonly more?: readonly ConditionDraft[];
}

/** Time in which a stack may come to select a new object before the object counts as stalled. */
export const unselectedGraceMs = 60_000;

/** Accepted, Programmed, Loaded, what the kind adds, Ready, Reconciling and Stalled, in this order (kstatus for the last three). */
export function decideStages(input: StageInput): ConditionDraft[] {
  const selecting = input.stages.filter((stage) => stage.verdict.selected);
  const accepted = acceptedOf(input);
  const programmed = programmedOf(input, selecting);
  const loaded = loadedOf(input, selecting);
  const summary = summaryOf(input, selecting, [accepted, programmed, loaded]);
  return [accepted, programmed, loaded, ...(input.more ?? []), ...summary];
}

/**
 * The same without Accepted for an object with `spec.suspend`. It is not Ready, since changes of it do not go live, and not
 * Stalled, since that is what its owner asked for; what went live before is told as ever.
 */
export function decideSuspended(
  stages: readonly StackStage[],
  more: readonly ConditionDraft[],
): ConditionDraft[] {
  const selecting = stages.filter((stage) => stage.verdict.selected);
  const input: StageInput = {
    faults: [],
    accepted: { parts: 0, of: 0, noun: '' },
    stages,
    unselectedForMs: 0,
  };
  const programmed = programmedOf(input, selecting);
  const message = `spec.suspend is true: changes of it do not go live; ${loadedText(stages)} replicas run what did before`;
  return [
    programmed.reason === 'Programming'
      ? draft('Programmed', false, 'Suspended', 'spec.suspend is true: nothing of it has gone live')
      : programmed,
    loadedOf(input, selecting),
    ...more,
    draft('Ready', false, 'Suspended', message),
    draft('Reconciling', false, 'Suspended', ''),
    draft('Stalled', false, 'Suspended', ''),
  ];
}

function draft(type: string, status: boolean | 'Unknown', reason: string, message: string): ConditionDraft {
  return { type, status: status === 'Unknown' ? status : status ? 'True' : 'False', reason, message };
}

function acceptedOf({ faults, accepted: { parts, of, noun } }: StageInput): ConditionDraft {
  const first = faults[0];
  if (first === undefined) return draft('Accepted', true, 'Accepted', `${of} ${noun} accepted`);
  const more = faults.length === 1 ? '' : ` (and ${faults.length - 1} more)`;
  return draft(
    'Accepted',
    false,
    first.code,
    `${parts} of ${of} ${noun} accepted; ${first.path}: ${first.message}${more}`,
  );
}

/** Why nothing selects the object: the reason closest to being selected. */
function unselected(input: StageInput): { readonly reason: string; readonly message: string } {
  const order = [
    'NotPermitted',
    'StackSuspended',
    'StackDeleting',
    'LabelsNotSelected',
    'NamespaceNotSelected',
  ];
  const [closest] = [...input.stages].sort(
    (a, b) => order.indexOf(a.verdict.reason) - order.indexOf(b.verdict.reason),
  );
  if (closest === undefined)
    return { reason: 'NotSelected', message: 'there is no MonitoringStack that could select it' };
  const { reason, message } = closest.verdict;
  return {
    reason: reason === 'NotPermitted' ? reason : 'NotSelected',
    message: `no MonitoringStack selects it; ${closest.namespace}/${closest.name}: ${message}`,
  };
}

function programmedOf(input: StageInput, selecting: readonly StackStage[]): ConditionDraft {
  if (selecting.length === 0) {
    const { reason, message } = unselected(input);
    return draft('Programmed', false, reason, message);
  }
  const missing = selecting.find((stage) => !stage.programmed);
  if (missing === undefined)
    return draft(
      'Programmed',
      true,
      'Programmed',
      `rendered into ${selecting.length} of ${selecting.length} stacks`,
    );
  const stack = `stack ${missing.namespace}/${missing.name}`;
  if (missing.problem !== undefined)
    return draft('Programmed', false, missing.problem.code, `${stack}: ${missing.problem.message}`);
  const full = missing.faults.find((fault) => fault.code === 'BundleFull');
  return draft(
    'Programmed',
    false,
    full?.code ?? 'Programming',
    full?.message ?? `${stack} is still to be written`,
  );
}

function loadedOf(input: StageInput, selecting: readonly StackStage[]): ConditionDraft {
  if (selecting.length === 0) {
    const { reason, message } = unselected(input);
    return draft('Loaded', false, reason, message);
  }
  const text = `${loadedText(selecting)} replicas`;
  const refusing = selecting.find((stage) => stage.quarantined !== undefined);
  if (refusing !== undefined)
    return draft('Loaded', false, 'Quarantined', `${text}; a server refuses it: ${refusing.quarantined}`);
  if (selecting.some((stage) => stage.refused === true))
    return draft('Loaded', false, 'NothingAccepted', `${text}; no part of it is accepted`);
  if (selecting.some((stage) => stage.replicas === 0))
    return draft('Loaded', false, 'NoReplicas', `${text}; a stack that selects it runs no replica`);
  if (selecting.every((stage) => stage.programmed && stage.loaded >= stage.replicas))
    return draft('Loaded', true, 'Loaded', text);
  return draft('Loaded', false, 'Loading', text);
}

/** `2/2`: replicas that run the object's current content, of all that should. */
export function loadedText(stages: readonly StackStage[]): string {
  const selecting = stages.filter((stage) => stage.verdict.selected);
  const sum = (field: 'loaded' | 'replicas') => selecting.reduce((total, stage) => total + stage[field], 0);
  return `${sum('loaded')}/${sum('replicas')}`;
}

function summaryOf(
  input: StageInput,
  selecting: readonly StackStage[],
  stages: readonly ConditionDraft[],
): ConditionDraft[] {
  const stackFault = selecting.flatMap((stage) =>
    stage.faults.map((fault) => ({ fault, stack: `${stage.namespace}/${stage.name}` })),
  )[0];
  const open = stages.filter((condition) => condition.status !== 'True');
  const blocking =
    // Why nothing is accepted says more than that nothing is loaded.
    open.find(({ reason }) => reason !== 'NothingAccepted') ??
    (stackFault === undefined
      ? open[0]
      : draft(
          'Ready',
          false,
          stackFault.fault.code,
          `stack ${stackFault.stack}: ${stackFault.fault.message}`,
        ));
  if (blocking === undefined)
    return [
      draft('Ready', true, 'Ready', stages.at(-1)!.message),
      draft('Reconciling', false, 'Ready', ''),
      draft('Stalled', false, 'Ready', ''),
    ];
  const { reason, message } = blocking;
  const waiting = ['Programming', 'Loading', 'NoReplicas'].includes(reason);
  const patient =
    selecting.length === 0 && input.faults.length === 0 && input.unselectedForMs < unselectedGraceMs;
  const stalled = !waiting && !patient;
  return [
    draft('Ready', false, reason, message),
    draft('Reconciling', !stalled, stalled ? 'Stalled' : reason, stalled ? '' : message),
    draft('Stalled', stalled, stalled ? reason : 'Reconciling', stalled ? message : ''),
  ];
}
