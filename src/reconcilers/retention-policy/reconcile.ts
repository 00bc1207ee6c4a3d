import type { Clock } from '../../base/clock.ts';
import type { RetentionPolicy } from '../../crds/retention-policy.ts';
import { hasCompactor } from '../../render/compactor/flags.ts';
import type { Fleet, ObjectSource } from '../fleet/fleet.ts';
import { jsonEqual } from '../json.ts';
import { compiledPolicy, orderedDocument, retentionReport } from '../monitoring-stack/compactor-half.ts';
import type { KubeObject } from '../object.ts';
import type { ChildSource, EventSink, ObjectWriter } from '../ports.ts';
import { announceTransitions } from '../transitions.ts';
import { newCertificates, type PolicyFacts, retentionPolicyStatusOf } from './status.ts';

export interface RetentionReconcilerParts {
  readonly fleet: Fleet;
  readonly policies: ObjectSource<RetentionPolicy>;
  readonly children: ChildSource;
  readonly writer: Pick<ObjectWriter, 'setStatus' | 'apply'>;
  readonly events: EventSink;
  readonly clock: Clock;
}

/** Keeps the status of a RetentionPolicy true. What it says goes to the bucket with its stack's compactor. */
export class RetentionReconciler {
  readonly #parts: RetentionReconcilerParts;

  constructor(parts: RetentionReconcilerParts) {
    this.#parts = parts;
  }

  async reconcile(key: string): Promise<undefined> {
    const { policies, writer, events, clock } = this.#parts;
    const object = policies.get(key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return undefined;
    const facts = this.#observe(object);
    const nowMs = clock.nowMs();
    const status = retentionPolicyStatusOf(facts, nowMs);
    if (jsonEqual(status, object.status)) return undefined;
    // Named only where they exist.
    for (const certificate of newCertificates(facts, status, nowMs)) await writer.apply(certificate);
    const written = object as unknown as KubeObject;
    announceTransitions(events, written, object.status?.conditions, status.conditions);
    await writer.setStatus(written, status);
    return undefined;
  }

  #observe(object: RetentionPolicy): PolicyFacts {
    const { fleet, children } = this.#parts;
    const { name } = object.spec.stack;
    const stack = fleet.stack(`${object.metadata.namespace ?? ''}/${name}`);
    const { faults, notes } = compiledPolicy(object);
    const base = { object, faults, notes };
    if (stack === undefined)
      return {
        ...base,
        obstacle: { code: 'StackMissing', message: `there is no MonitoringStack ${name} in this namespace` },
        document: undefined,
        report: undefined,
      };
    const { objectStore } = stack.object.spec;
    const lacks =
      objectStore === undefined
        ? 'has no bucket (spec.objectStore)'
        : !hasCompactor(stack.object)
          ? 'runs no compactor (spec.compactor is absent, or has 0 replicas)'
          : undefined;
    const live = stack.children.overlay(children.of(stack.key));
    return {
      ...base,
      obstacle:
        lacks === undefined
          ? undefined
          : { code: 'BucketMissing', message: `MonitoringStack ${name} ${lacks}` },
      document: orderedDocument(stack.object, live),
      report: retentionReport(stack.object, live),
    };
  }
}
