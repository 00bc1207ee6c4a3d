import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Random } from '../../base/random.ts';
import type { KubeClient } from '../../kube/client.ts';
import { connect } from '../../kube/connect.ts';
import { kubeconfigConnection } from '../../kube/kubeconfig.ts';

/** A client for the local API server that its kubeconfig names. */
export async function connectLocal(kubeconfig: string, clock: Clock, random: Random): Promise<KubeClient> {
  const connection = await kubeconfigConnection(kubeconfig, {});
  return connect(connection, {
    clock,
    random,
    userAgent: 'promfleet-local',
    // The node is as fast as the machine: its own server needs no protection from it.
    limits: { requestsPerSecond: 500, burst: 1000, inFlight: 64 },
  });
}

/** Resolves when the API server answers; rejects with NotReady after `timeoutMs`. */
export async function untilAnswering(
  client: KubeClient,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = client;
  const startedMs = clock.monotonicMs();
  for (;;) {
    try {
      await client.serverVersion({ signal, timeoutMs: 2_000 });
      return;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (clock.monotonicMs() - startedMs > timeoutMs) {
        throw new CodedError('NotReady', `the local API server does not answer: ${String(error)}`, {
          cause: error,
        });
      }
    }
    await clock.sleep(limits.localPollMs / 2, signal);
  }
}
