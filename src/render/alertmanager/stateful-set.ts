import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { alertmanagerIndexName, alertmanagerName, podSelector, ports } from '../names.ts';
import type { Manifest, RenderFault } from '../workload/manifest.ts';
import { agentContainers, downwardEnvironment } from '../workload/pod.ts';
import { configAndData, serverContainer, serverStatefulSet, upstreamImage } from '../workload/server.ts';
import { alertmanagerArgs } from './flags.ts';
import { meshPortName } from './network.ts';
import { defaultVersion } from './version.ts';

/** Time to tell the other members of leaving and to write silences and notification log. */
const terminationGraceSeconds = 60;

const podAddress = { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } } as const;

/** The members of the cluster. The template says nothing about configuration content. */
export function renderAlertmanagerStatefulSet(
  stack: MonitoringStack,
  agentImage: string,
  tls: boolean,
): { readonly manifest: Manifest; readonly faults: readonly RenderFault[] } {
  const spec = stack.spec.alertmanager ?? {};
  const { name } = stack.metadata;
  const selector = podSelector(name, 'alertmanager');
  const { args, faults: flagFaults } = alertmanagerArgs(stack, tls);
  const { name: mesh, number: meshNumber } = ports.gossip;
  const { manifest, faults } = serverStatefulSet(stack, 'alertmanager', {
    name: alertmanagerName(name),
    replicas: spec.replicas ?? 3,
    storage: spec.storage,
    claimLabels: selector,
    selector,
    serviceAccount: alertmanagerName(name),
    tls,
    terminationGraceSeconds,
    initContainers: agentContainers({
      stack,
      server: 'alertmanager',
      agentImage,
      tls,
      indexName: alertmanagerIndexName(name),
    }),
    container: serverContainer('alertmanager', {
      image: upstreamImage(stack, {
        image: spec.image,
        repository: 'prometheus/alertmanager',
        version: spec.version ?? defaultVersion,
      }),
      command: 'alertmanager',
      args,
      env: [...downwardEnvironment, podAddress],
      morePorts: [
        { name: meshPortName(mesh, 'TCP'), containerPort: meshNumber, protocol: 'TCP' },
        { name: meshPortName(mesh, 'UDP'), containerPort: meshNumber, protocol: 'UDP' },
      ],
      volumeMounts: configAndData,
      tls,
      readiness: { periodSeconds: 3, failureThreshold: 5 },
      resources: spec.resources,
    }),
  });
  return { manifest, faults: [...flagFaults, ...faults] };
}
