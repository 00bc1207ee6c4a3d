import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { ObjectSource } from '../fleet/fleet.ts';
import { matchesSelector } from '../label-selector.ts';
import type { KubeObject } from '../object.ts';
import { type ConsentPolicy, isPermitted } from '../selection.ts';

/** Namespaces in which a stack scrapes annotated pods: those it selects, as far as they permit it. */
export function discoveryNamespaces(
  stack: MonitoringStack,
  namespaces: ObjectSource<KubeObject>,
  policy: ConsentPolicy,
): string[] {
  const pods = stack.spec.prometheus?.scrape?.annotatedPods;
  const { name, namespace: own = '' } = stack.metadata;
  if (pods?.enabled === false) return [];
  const { namespaces: selector } = pods ?? {};
  if (selector === undefined) return [own];
  return namespaces
    .list()
    .filter(
      ({ metadata }) =>
        metadata.deletionTimestamp === undefined &&
        matchesSelector(selector, metadata.labels) &&
        isPermitted({ name, namespace: own }, metadata.name, metadata.labels, policy),
    )
    .map(({ metadata }) => metadata.name)
    .sort();
}
