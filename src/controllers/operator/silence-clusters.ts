import type { Silence } from '../../crds/silence.ts';
import type { Fleet } from '../../reconcilers/fleet/fleet.ts';
import type { StackState } from '../../reconcilers/fleet/stack-state.ts';
import { declaredWorkloads } from '../../reconcilers/monitoring-stack/workloads.ts';
import type { SilenceCluster } from '../../reconcilers/silence/reconcile.ts';
import { ports } from '../../render/names.ts';

/** Address of a pod, while it has one, and the number of its web port, which is not the same everywhere. */
export type PodAddress = (
  namespace: string,
  pod: string,
) => { readonly host: string; readonly webPort: number | undefined } | undefined;

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
      if (address === undefined) return { name: pod, url: undefined };
      const host = address.host.includes(':') ? `[${address.host}]` : address.host;
      return { name: pod, url: `http://${host}:${address.webPort ?? ports.alertmanager.number}` };
    }),
  };
}
