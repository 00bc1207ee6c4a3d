import type { Clock } from '../../base/clock.ts';
import type { AlertRoute } from '../../crds/alert-route.ts';
import type { Fault } from '../../crds/selection-status.ts';
import type { AddressPolicy } from '../../render/alertmanager/checks/address.ts';
import { compileAlertRoute } from '../../render/alertmanager/compile.ts';
import { fragmentPath } from '../../render/alertmanager/fragment.ts';
import type { Fleet, ObjectSource, StackVerdict } from '../fleet/fleet.ts';
import { parseKey } from '../object.ts';
import type { EventSink, ObjectWriter } from '../ports.ts';
import { announceTransitions } from '../transitions.ts';
import { decideRouteStatus, type RouteMemory, type RouteStage } from './status.ts';

export interface RouteReconcilerParts {
  readonly fleet: Fleet;
  readonly routes: ObjectSource<AlertRoute>;
  readonly writer: ObjectWriter;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly addresses: AddressPolicy;
}

/** Keeps the status of one AlertRoute true. Its receivers and routes go live with its stacks. */
export class RouteReconciler {
  readonly #parts: RouteReconcilerParts;
  readonly #memories = new Map<string, RouteMemory>();

  constructor(parts: RouteReconcilerParts) {
    this.#parts = parts;
  }

  async reconcile(key: string): Promise<{ readonly requeueAfterMs?: number } | undefined> {
    const { fleet, routes, writer, events, clock } = this.#parts;
    const object = routes.get(key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      this.#memories.delete(key);
      return undefined;
    }
    if (object.spec.suspend === true) return undefined;
    const verdicts = fleet.verdicts('routes', object);
    if (verdicts.some((each) => isAwaited(each, key, object))) return undefined;
    const stages = verdicts.map((each) => stageOf(each, key));
    const selecting = verdicts.filter(({ verdict }) => verdict.selected);
    const [first, ...others] = selecting.flatMap(({ stack }) => stack.routes.records.get(key) ?? []);
    const faults =
      first === undefined
        ? this.#faultsOutsideStacks(object)
        : first.faults.filter((fault) => others.every((record) => has(record.faults, fault)));
    const total = object.spec.receivers.length;
    const decision = decideRouteStatus(
      {
        object,
        faults,
        receivers: { total, accepted: first?.acceptedReceivers ?? total },
        contentHash: first?.contentHash,
        stages: stages.map((stage) => ({
          ...stage,
          faults: stage.faults.filter((fault) => !has(faults, fault)),
        })),
        memory: this.#memories.get(key) ?? {},
      },
      clock.nowMs(),
    );
    const { unselectedSinceMs, unloadedSinceMs } = decision.memory;
    if (unselectedSinceMs === undefined && unloadedSinceMs === undefined) this.#memories.delete(key);
    else this.#memories.set(key, decision.memory);
    announceTransitions(events, object, object.status?.conditions, decision.status.conditions);
    await writer.setStatus(object, decision.status);
    return decision.recheckAfterMs === undefined ? undefined : { requeueAfterMs: decision.recheckAfterMs };
  }

  /** Without a stack no Secret is read: what needs one is not judged. */
  #faultsOutsideStacks(object: AlertRoute): readonly Fault[] {
    const { faults } = compileAlertRoute(object, {
      version: 'v0.33.1',
      global: {},
      policy: this.#parts.addresses,
      secrets: () => undefined,
      scope: 'namespace',
    });
    return faults.filter(({ code }) => code !== 'SecretKeyMissing');
  }
}

function has(list: readonly Fault[], fault: Fault): boolean {
  return list.some(
    (each) => each.path === fault.path && each.code === fault.code && each.message === fault.message,
  );
}

function isAwaited({ stack, verdict }: StackVerdict, key: string, object: AlertRoute): boolean {
  if (!verdict.selected || stack.problem !== undefined) return false;
  const record = stack.routes.records.get(key);
  const { uid, generation = 0 } = object.metadata;
  return (
    !stack.programmedOnce || record === undefined || record.uid !== uid || record.generation < generation
  );
}

function stageOf({ stack, verdict }: StackVerdict, key: string): RouteStage {
  const { namespace, name } = parseKey(key);
  const path = fragmentPath(namespace, name);
  const record = stack.routes.records.get(key);
  const bundle = stack.alertmanagerBundle;
  const progress = bundle.progress(path);
  const faults: Fault[] = [...(record?.faults ?? [])];
  const refusal = bundle.refusal(path);
  if (refusal !== undefined) faults.push({ path: 'spec', code: 'BundleFull', message: refusal });
  if (stack.problem !== undefined)
    faults.push({ path: 'spec', code: stack.problem.code, message: `the stack: ${stack.problem.message}` });
  return {
    namespace: stack.key.namespace,
    name: stack.key.name,
    verdict,
    programmed: refusal === undefined && progress?.programmed === true,
    loaded: progress?.loaded ?? 0,
    replicas: bundle.replicas.size,
    faults,
    quarantined: progress?.quarantined,
    lastGood: record?.lastGood ?? false,
  };
}
