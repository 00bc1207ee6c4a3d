import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { queryName } from '../../render/names.ts';
import { queryReplicas } from '../../render/query/flags.ts';
import { renderQuery } from '../../render/query/query.ts';
import { speaksTls } from '../../render/workload/tls.ts';
import type { KubeObject } from '../object.ts';
import { pinAgentImage } from './agent-image.ts';
import { type Half, splitWorkloads } from './prometheus-half.ts';

/** What the API says of the Deployment of a stack's query servers. */
export interface ObservedQuery {
  /** Pods that should run. */
  readonly replicas: number;
  readonly readyReplicas: number;
  /** Pods of the current template. */
  readonly updatedReplicas: number;
  /** The Deployment controller has seen the current spec. */
  readonly observed: boolean;
}

/** The Deployment of the stack's query servers among its children. */
function liveDeployment(
  { metadata }: MonitoringStack,
  children: ReadonlyMap<string, KubeObject>,
): KubeObject | undefined {
  return children.get(`apps/v1 Deployment ${metadata.namespace ?? ''}/${queryName(metadata.name)}`);
}

/** Query servers load no files: manifests only. They run the image of the agents, pinned as that is. */
export function queryServers(
  stack: MonitoringStack,
  children: ReadonlyMap<string, KubeObject>,
  newImage: string,
  prometheusTls: boolean,
): Half {
  const live = liveDeployment(stack, children);
  const { rendered } = pinAgentImage(
    stack,
    newImage,
    new Map(live === undefined ? [] : [[live.metadata.name, live]]),
    ({ agentImage, schema }) =>
      renderQuery({ stack, agentImage, transport: { tls: speaksTls(stack, schema), prometheusTls } }),
  );
  const { content, workloads } = splitWorkloads(rendered.manifests);
  return {
    content,
    indexes: [],
    workloads,
    indexHashes: new Map(),
    slotHashes: new Map(),
    faults: rendered.faults,
  };
}

interface DeploymentStatus {
  readonly observedGeneration?: number;
  readonly readyReplicas?: number;
  readonly updatedReplicas?: number;
}

/** How far the rollout of the query servers is; undefined when the stack runs none. */
export function observeQuery(
  stack: MonitoringStack,
  children: ReadonlyMap<string, KubeObject>,
): ObservedQuery | undefined {
  const replicas = queryReplicas(stack);
  if (replicas === 0) return undefined;
  const live = liveDeployment(stack, children);
  const status = (live as { readonly status?: DeploymentStatus } | undefined)?.status ?? {};
  return {
    replicas,
    // While a Deployment rolls there may be more than there should be.
    readyReplicas: Math.min(status.readyReplicas ?? 0, replicas),
    updatedReplicas: Math.min(status.updatedReplicas ?? 0, replicas),
    observed: live !== undefined && (status.observedGeneration ?? 0) >= (live.metadata.generation ?? 0),
  };
}
