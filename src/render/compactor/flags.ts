import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { compactorName, mountPaths, ports, reportName, retentionName, sourceLabels } from '../names.ts';
import { type RenderFault, stackNamespace } from '../workload/manifest.ts';
import { objectStoreAccess } from '../workload/object-store.ts';

/** Flags that the operator sets or that must not be set, with the reason. */
const refusedFlags: Readonly<Record<string, string>> = {
  'bucket-dir': 'use objectStore',
  listen: 'is set by the operator',
  'objstore-config': 'use objectStore',
  'data-dir': 'is set by the operator',
  'replica-label': 'is set by the operator',
  'retention-configmap': 'use RetentionPolicy objects',
  report: 'is set by the operator',
  'service-account-dir': 'is set by the operator',
  once: 'a compactor of a stack runs on',
};

/** Whether a stack compacts its bucket: only where it says so, as a second compactor beside another system's would harm. */
export function hasCompactor(stack: MonitoringStack): boolean {
  const { objectStore, compactor } = stack.spec;
  return objectStore !== undefined && compactor !== undefined && (compactor.replicas ?? 1) > 0;
}

/** Command line of the compactor. Order is fixed, so that equal input restarts nothing. */
export function compactorArgs(stack: MonitoringStack): {
  readonly args: readonly string[];
  readonly faults: readonly RenderFault[];
} {
  const faults: RenderFault[] = [];
  const extra: string[] = [];
  for (const { name, value } of stack.spec.compactor?.extraArgs ?? []) {
    const why = refusedFlags[name];
    if (why === undefined) extra.push(value === undefined ? `--${name}` : `--${name}=${value}`);
    else faults.push({ path: `spec.compactor.extraArgs[${name}]`, code: 'FlagRefused', message: why });
  }
  const { name } = stack.metadata;
  const bucket = objectStoreAccess(stack);
  const args = [
    'compact',
    `--listen=0.0.0.0:${ports.compactor.number}`,
    ...(bucket === undefined ? [] : [bucket.option]),
    `--data-dir=${mountPaths.data}`,
    `--replica-label=${sourceLabels.replica}`,
    `--retention-configmap=${stackNamespace(stack)}/${retentionName(name)}`,
    `--report=${stackNamespace(stack)}/${reportName(`${compactorName(name)}-0`)}`,
    `--service-account-dir=${mountPaths.serviceAccount}`,
    ...extra.sort(),
  ];
  return { args, faults };
}
