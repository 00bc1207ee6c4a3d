import { type FieldFault, statusFault } from '../../crds/fault.ts';
import type { ErasureStatus, RetentionPolicy, RetentionPolicyStatus } from '../../crds/retention-policy.ts';
import { maxFaultsInStatus } from '../../crds/selection-status.ts';
import type { Erasure, RetentionDocument } from '../../storage-engine/format/retention-document.ts';
import type {
  ErasureReport,
  PolicyReport,
  RetentionReport,
} from '../../storage-engine/format/retention-report.ts';
import { type ConditionDraft, mergeConditions, timeText } from '../conditions.ts';
import type { KubeObject } from '../object.ts';
import { certificateName, certificateOf } from './certificate.ts';

/** The facts about one policy. */
export interface PolicyFacts {
  readonly object: RetentionPolicy;
  readonly faults: readonly FieldFault[];
  readonly notes: readonly FieldFault[];
  /** Why the stack can do nothing for it: it is absent, or has no bucket or no compactor. */
  readonly obstacle: { readonly code: string; readonly message: string } | undefined;
  /** What the stack's compactor was last told. */
  readonly document: RetentionDocument | undefined;
  readonly report: RetentionReport | undefined;
}

const maxErasures = 500;

/** The status of a policy. Pure; equal facts give an equal status. */
export function retentionPolicyStatusOf(facts: PolicyFacts, nowMs: number): RetentionPolicyStatus {
  const { object, document, report } = facts;
  const name = `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
  const erasures = (document?.erasures ?? []).filter(({ policy }) => policy === name);
  const seen = report?.policies.find((each) => each.name === name);
  const inBucket = document !== undefined && report !== undefined && report.ordered >= document.generation;
  const isEnforced = object.spec.mode === 'Enforce';
  const faults = [...facts.faults, ...facts.notes].slice(0, maxFaultsInStatus).map(statusFault);
  const conditions = decide(facts, { inBucket, isEnforced, seen });
  return {
    ...(object.metadata.generation === undefined ? {} : { observedGeneration: object.metadata.generation }),
    conditions: mergeConditions(object.status?.conditions, conditions, object.metadata.generation, nowMs),
    ...(faults.length === 0 ? {} : { faults }),
    state: !isEnforced ? 'Preview' : inBucket ? 'Enforced' : 'Pending',
    ...(document === undefined ? {} : { generation: document.generation }),
    ...(seen === undefined ? {} : { preview: previewOf(seen) }),
    ...(erasures.length === 0
      ? {}
      : {
          erasures: erasures.slice(-maxErasures).map((erasure) =>
            erasureStatus(
              erasure,
              report?.erasures.find(({ id }) => id === erasure.id),
              facts,
            ),
          ),
        }),
  };
}

function previewOf(seen: PolicyReport): NonNullable<RetentionPolicyStatus['preview']> {
  const { atMs, exact, series, samples, sizeBytes, blocks, rules } = seen;
  return { at: timeText(atMs), exact, series, samples, sizeBytes, blocks, rules: rules.slice(0, 100) };
}

function erasureStatus(erasure: Erasure, seen: ErasureReport | undefined, facts: PolicyFacts): ErasureStatus {
  const { blocksLeft = 0, markedLeft = 0, serversLeft = 0 } = seen ?? {};
  const before = facts.object.status?.erasures?.find(({ id }) => id === erasure.id);
  const isClear = seen?.hidden === true && blocksLeft + markedLeft + serversLeft === 0;
  // A compactor that was started anew sees the same nothing, and counts the time of caches again.
  const isPurged = isClear && (seen.purgedAtMs !== undefined || before?.state === 'Purged');
  const state =
    seen?.hidden !== true
      ? 'Pending'
      : blocksLeft > 0 || serversLeft > 0
        ? 'Hidden'
        : isPurged
          ? 'Purged'
          : 'Rewritten';
  const waits = {
    Pending: 'every query server must have read it from the bucket',
    Hidden: [
      ...(blocksLeft > 0 ? [`${blocksLeft} blocks are to be rewritten or looked into`] : []),
      ...(serversLeft > 0
        ? [`${serversLeft} Prometheus replicas hold it until their own retention ends`]
        : []),
    ].join('; '),
    Rewritten:
      markedLeft > 0
        ? `${markedLeft} blocks that held it wait for the end of their deletion delay`
        : 'query servers are given time to let go of what they cached',
    Purged: undefined,
  }[state];
  const certificate =
    before?.certificate ??
    (state === 'Purged' ? certificateName(facts.object.metadata.name, erasure) : undefined);
  return {
    id: erasure.id,
    reason: erasure.reason,
    before: timeText(erasure.untilMs),
    state,
    blocksLeft: blocksLeft + markedLeft,
    serversLeft,
    ...(certificate !== undefined && { certificate }),
    ...(waits === undefined ? {} : { message: waits }),
  };
}

/** Certificates that a status names and the one before it does not: to be written before it is. */
export function newCertificates(
  { object, document, report }: PolicyFacts,
  status: RetentionPolicyStatus,
  nowMs: number,
): KubeObject[] {
  const issued = new Set(object.status?.erasures?.flatMap(({ certificate }) => certificate ?? []));
  return (status.erasures ?? []).flatMap(({ id, certificate }) => {
    const erasure = document?.erasures.find((each) => each.id === id);
    if (certificate === undefined || issued.has(certificate) || erasure === undefined) return [];
    const seen = report?.erasures.find((each) => each.id === id);
    return [certificateOf(object, erasure, seen?.purgedAtMs ?? nowMs)];
  });
}

function decide(
  { faults, notes, obstacle, object, report }: PolicyFacts,
  of: { readonly inBucket: boolean; readonly isEnforced: boolean; readonly seen: PolicyReport | undefined },
): ConditionDraft[] {
  const draft = (type: string, isTrue: boolean, reason: string, message: string): ConditionDraft => ({
    type,
    status: isTrue ? 'True' : 'False',
    reason,
    message,
  });
  const [fault] = faults;
  const accepted =
    fault === undefined
      ? draft(
          'Accepted',
          true,
          'Accepted',
          notes.length === 0 ? 'accepted' : `accepted; ${notes[0]!.message}`,
        )
      : draft('Accepted', false, fault.code, `nothing of it is in force; ${fault.message}`);
  const stack = object.spec.stack.name;
  const wanted = of.isEnforced ? of.inBucket : of.seen !== undefined;
  const programmed =
    obstacle !== undefined
      ? draft('Programmed', false, obstacle.code, obstacle.message)
      : fault !== undefined
        ? draft('Programmed', false, fault.code, 'its last accepted version stays in force')
        : wanted
          ? draft(
              'Programmed',
              true,
              of.isEnforced ? 'Enforced' : 'Previewed',
              `the bucket of stack ${stack} has it`,
            )
          : draft(
              'Programmed',
              false,
              'Programming',
              report?.error ?? `the compactor of stack ${stack} has yet to take it over`,
            );
  const bytes = of.seen?.waitingBytes ?? 0;
  const waiting =
    bytes > 0
      ? draft(
          'WaitingForDownsample',
          true,
          'WaitingForDownsample',
          `${bytes} bytes are past their time and stay until the coarser resolution that is kept covers them`,
        )
      : draft('WaitingForDownsample', false, 'Downsampled', '');
  const conflicts = of.seen?.conflicts ?? [];
  const conflict =
    conflicts.length > 0
      ? draft(
          'Conflicting',
          true,
          'RetentionConflict',
          `the longest time counts; also taken by ${conflicts.join(', ')}`,
        )
      : draft('Conflicting', false, 'NoConflict', '');
  if (object.spec.suspend === true)
    return [
      accepted,
      programmed,
      waiting,
      conflict,
      // As its owner wants it, so it is not stalled; and nothing goes on.
      {
        type: 'Ready',
        status: 'False',
        reason: 'Suspended',
        message: 'spec.suspend is true: nothing changes',
      },
      { type: 'Reconciling', status: 'False', reason: 'Suspended', message: '' },
      { type: 'Stalled', status: 'False', reason: 'Suspended', message: '' },
    ];
  const blocking = [accepted, programmed].find(({ status }) => status !== 'True');
  const isStalled = fault !== undefined || obstacle !== undefined;
  return [
    accepted,
    programmed,
    waiting,
    conflict,
    ...(blocking === undefined
      ? summary(true, 'Ready', programmed.message, false)
      : summary(false, blocking.reason, blocking.message, isStalled)),
  ];
}

function summary(isReady: boolean, reason: string, message: string, isStalled: boolean): ConditionDraft[] {
  const status = (value: boolean) => (value ? 'True' : 'False');
  return [
    { type: 'Ready', status: status(isReady), reason, message },
    {
      type: 'Reconciling',
      status: status(!isReady && !isStalled),
      reason,
      message: isReady || isStalled ? '' : message,
    },
    { type: 'Stalled', status: status(isStalled), reason, message: isStalled ? message : '' },
  ];
}
