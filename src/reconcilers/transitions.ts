import type { Condition } from '../crds/condition.ts';
import { conditionOf } from './conditions.ts';
import type { KubeObject } from './object.ts';
import type { EventSink } from './ports.ts';

/**
 * Emits an Event where a status turns bad, turns bad in another way, or is good again. The first way to Ready of a new
 * object is silent: thousands of objects may be applied at once, and their status says it.
 */
export function announceTransitions(
  events: EventSink,
  object: KubeObject,
  before: readonly Condition[] | undefined,
  after: readonly Condition[] | undefined,
): void {
  const [was, is] = [conditionOf(before, 'Stalled'), conditionOf(after, 'Stalled')];
  if (is?.status === 'True' && (was?.status !== 'True' || was.reason !== is.reason))
    events.emit(object, { type: 'Warning', reason: is.reason, message: is.message });
  const ready = conditionOf(after, 'Ready');
  if (was?.status === 'True' && is?.status === 'False' && ready !== undefined)
    events.emit(object, { type: 'Normal', reason: ready.reason, message: ready.message });
  for (const type of ['Healthy', 'SeesAllTargets']) {
    const [good, bad] = [conditionOf(before, type), conditionOf(after, type)];
    if (bad?.status === 'False' && good?.status !== 'False')
      events.emit(object, { type: 'Warning', reason: bad.reason, message: bad.message });
  }
}
