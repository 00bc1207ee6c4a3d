import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { KubeClient } from '../../kube/client.ts';
import { listAll } from '../../kube/list.ts';
import { type AnyObject, describeRef, type KubeObject, refOf } from '../../kube/object.ts';
import { isFinished } from '../node/plan/pod-facts.ts';
import type { Pod } from '../node/types.ts';
import { type ObjectState, stateOf } from './readiness.ts';

export interface Looked {
  readonly name: string;
  readonly state: ObjectState;
}

/** Reads the present state of objects that have one worth waiting for. */
export async function lookAt(
  client: KubeClient,
  objects: readonly KubeObject[],
  signal?: AbortSignal,
): Promise<readonly Looked[]> {
  const looked: Looked[] = [];
  for (const object of objects) {
    const ref = refOf(object);
    const found = await client.find<AnyObject>(ref, signal === undefined ? {} : { signal });
    looked.push({ name: describeRef(ref), state: stateOf(found) });
  }
  return looked;
}

/** Pods that shall run: what others say of them may be of an earlier run. */
async function lookAtPods(client: KubeClient, signal: AbortSignal): Promise<readonly Looked[]> {
  const { items } = await listAll<Pod & AnyObject>(client, { apiVersion: 'v1', kind: 'Pod' }, { signal });
  return items
    .filter((pod) => !isFinished(pod))
    .map((pod) => ({ name: describeRef({ ...refOf(pod), kind: 'Pod' }), state: stateOf(pod) }));
}

/** Shows the objects that are not ready until all are. Rejects with NotReady, naming them, after the limit. */
export async function untilReady(
  client: KubeClient,
  objects: readonly KubeObject[],
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = client;
  const startedMs = clock.monotonicMs();
  for (;;) {
    let looked: readonly Looked[] | null = null;
    try {
      looked = [...(await lookAtPods(client, signal)), ...(await lookAt(client, objects, signal))];
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      say(`the API server does not answer: ${error instanceof Error ? error.message : String(error)}`);
    }
    const waiting = (looked ?? []).filter(({ state }) => !state.ready);
    if (looked !== null && waiting.length === 0) return;
    const lines = waiting.map(({ name, state }) => `${name}: ${state.text}`);
    if (lines.length > 0) say(lines.join('\n'));
    if (clock.monotonicMs() - startedMs > limits.localReadyTimeoutMs) {
      throw new CodedError('NotReady', `not ready in time: ${lines.join('; ')}`);
    }
    await clock.sleep(limits.localPollMs * 2, signal);
  }
}
