import type { Silence } from '../../crds/silence.ts';
import type { Fleet } from '../../reconcilers/fleet/fleet.ts';
import type { StackState } from '../../reconcilers/fleet/stack-state.ts';
import { partsOf } from '../../reconcilers/identities/identities.ts';
import { identityFor } from '../../reconcilers/monitoring-stack/stack-identities.ts';
import { declaredWorkloads } from '../../reconcilers/monitoring-stack/workloads.ts';
import type { SilenceCluster } from '../../reconcilers/silence/reconcile.ts';
import { identityName, ports } from '../../render/names.ts';
import type { AlertmanagerTrust } from '../alertmanager-trust.ts';

/** Address of a pod, while it has one, and the number of its web port, which is not the same everywhere. */
export type PodAddress = (
  namespace: string,
  pod: string,
) => { readonly host: string; readonly webPort: number | undefined; readonly isTls: boolean } | undefined;

/** Where members are, and by which certificates they are spoken to. */
export interface Members {
  readonly addressOf: PodAddress;
  readonly trust: AlertmanagerTrust;
}

/** The Alertmanager cluster of every stack, with what the stack says to one Silence. */
export function silenceClusters(fleet: Fleet, silence: Silence, members: Members): SilenceCluster[] {
  return [...fleet.stacks()].map((stack) => ({
    ...clusterOf(stack, members),
    verdict: fleet.silenceVerdict(stack, silence),
  }));
}

/** The Alertmanager cluster of every stack. */
export function allClusters(fleet: Fleet, members: Members): Omit<SilenceCluster, 'verdict'>[] {
  return [...fleet.stacks()].map((stack) => clusterOf(stack, members));
}

function clusterOf(stack: StackState, { addressOf, trust }: Members): Omit<SilenceCluster, 'verdict'> {
  const { namespace, name } = stack.key;
  const [members] = declaredWorkloads(stack.object).filter(({ server }) => server === 'alertmanager');
  return {
    namespace,
    name,
    replicas: (members?.pods ?? []).map((pod) => {
      const address = addressOf(namespace, pod);
      if (address === undefined) return { name: pod, url: undefined };
      const host = address.host.includes(':') ? `[${address.host}]` : address.host;
      const at = `${host}:${address.webPort ?? ports.alertmanager.number}`;
      if (!address.isTls) return { name: pod, url: `http://${at}` };
      // Until its certificates have been read back, a member counts as one without an address.
      const identity = identityFor(stack, 'operator');
      if (identity === undefined) return { name: pod, url: undefined };
      const { key, certificate } = partsOf(identity.pem);
      const servername = identityName(namespace, name);
      trust.set(`https://${at}`, { ca: identity.authorities, cert: certificate, key, servername });
      return { name: pod, url: `https://${at}` };
    }),
  };
}
