import type { Clock } from '../../../base/clock.ts';
import type { Logger } from '../../../base/log.ts';
import type { Random } from '../../../base/random.ts';
import type { Informer } from '../../../controllers/informer.ts';
import type { KubeClient } from '../../../kube/client.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { Deployment, PersistentVolumeClaim, Pod, ReplicaSet, Service, StatefulSet } from '../types.ts';

/** Caches that the controllers of the node share. */
export interface NodeCaches {
  readonly pods: Informer<Pod>;
  readonly statefulSets: Informer<StatefulSet>;
  readonly replicaSets: Informer<ReplicaSet>;
  readonly deployments: Informer<Deployment>;
  readonly services: Informer<Service>;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly namespaces: Informer<KubeObject>;
}

/** What every controller of the node gets. */
export interface NodeContext {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly caches: NodeCaches;
  /** Gives a new pod its node (and free ports, where pods share one address). */
  readonly assign: (pod: Pod) => Promise<Pod>;
  readonly event: (object: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string) => void;
}

/** Name of our field ownership. */
export const fieldManager = 'promfleet-node';
