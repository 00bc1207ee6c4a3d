import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { compactorName, mountPaths, ports, reportName, retentionName, sourceLabels } from '../names.ts';
import { extraArgs } from '../workload/extra-args.ts';
import { type RenderFault, stackNamespace } from '../workload/manifest.ts';
import { objectStoreAccess } from '../workload/object-store.ts';
import { compactorFlags } from '../workload/own-flags.ts';
import { ownServerTlsArgs } from '../workload/tls.ts';

/** Whether a stack compacts its bucket: only where it says so, as a second compactor beside another system's would harm. */
export function hasCompactor(stack: MonitoringStack): boolean {
  const { objectStore, compactor } = stack.spec;
  return objectStore !== undefined && compactor !== undefined && (compactor.replicas ?? 1) > 0;
}

/** Command line of the compactor. Order is fixed, so that equal input restarts nothing. */
export function compactorArgs(
  stack: MonitoringStack,
  tls: boolean,
): {
  readonly args: readonly string[];
  readonly faults: readonly RenderFault[];
} {
  const extra = extraArgs(compactorFlags, {
    version: '',
    path: 'spec.compactor.extraArgs',
    extra: stack.spec.compactor?.extraArgs ?? [],
  });
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
    ...(tls ? ownServerTlsArgs(stack) : []),
    ...extra.args,
  ];
  return { args, faults: extra.faults };
}
