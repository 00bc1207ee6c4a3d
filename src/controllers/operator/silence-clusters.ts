import type { Silence } from '../../crds/silence.ts';
import type { Fleet } from '../../reconcilers/fleet/fleet.ts';
import type { StackState } from '../../reconcilers/fleet/stack-state.ts';
import { declaredWorkloads } from '../../reconcilers/monitoring-stack/workloads.ts';
import type { SilenceCluster } from '../../reconcilers/silence/reconcile.ts';
import { ports } from '../../render/names.ts';

/** Address of a pod, while it has one. */
export type PodAddress = (namespace: string, pod: string) => string | undefined;

/** The Alertmanager cluster of every stack, with what the stack says to one Silence. */
export function silenceClusters(fleet: Fleet, silence: Silence, addressOf: PodAddress): SilenceCluster[] {
  return [...fleet.stacks()].map((stack) => ({
    ...clusterOf(stack, addressOf),
    verdict: fleet.silenceVerdict(stack, silence),
  }));
}

/** The Alertmanager cluster of every stack. */
export function allClusters(fleet: Fleet, addressOf: PodAddress): Omit<SilenceCluster, 'verdict'>[] {
  return [...fleet.stacks()].map((stack) => clusterOf(stack, addressOf));
}

function clusterOf(stack: StackState, addressOf: PodAddress): Omit<SilenceCluster, 'verdict'> {
  const { namespace, name } = stack.key;
  const [members] = declaredWorkloads(stack.object).filter(({ server }) => server === 'alertmanager');
  return {
    namespace,
    name,
    replicas: (members?.pods ?? []).map((pod) => {
      const address = addressOf(namespace, pod);
      const host = address?.includes(':') === true ? `[${address}]` : address;
      return {
        name: pod,
        url: host === undefined ? undefined : `http://${host}:${ports.alertmanager.number}`,
      };
    }),
  };
}
