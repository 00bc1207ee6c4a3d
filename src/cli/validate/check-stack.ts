import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { renderAlertmanager } from '../../render/alertmanager/alertmanager.ts';
import { alertmanagerVersionFault } from '../../render/alertmanager/config.ts';
import { renderConfig } from '../../render/prometheus/config.ts';
import { renderPrometheus } from '../../render/prometheus/prometheus.ts';
import { defaultVersion, versionFault } from '../../render/prometheus/versions.ts';
import { fromText, type SemanticFault } from './semantic-fault.ts';

/** Renders the stack and keeps the faults: what the operator would leave out. */
export function checkStack(written: MonitoringStack): SemanticFault[] {
  const { namespace = 'default', uid = 'none' } = written.metadata;
  const stack = { ...written, metadata: { ...written.metadata, namespace, uid } };
  const agentImage = 'promfleet:any';
  const input = { stack, agentImage, discoveryNamespaces: [] };
  const versionFaults = [
    ['prometheus', versionFault(stack.spec.prometheus?.version ?? defaultVersion)],
    ['alertmanager', alertmanagerVersionFault(stack.spec.alertmanager?.version ?? 'v0.33.1')],
  ].flatMap(([server, message]) =>
    message === undefined
      ? []
      : [{ path: `spec.${server}.version`, code: 'VersionUnsupported' as const, message }],
  );
  const faults = [
    ...versionFaults,
    ...renderPrometheus(input).faults,
    ...renderConfig({ ...input, shard: 0 }).faults,
    ...renderAlertmanager({ stack, agentImage }).faults,
  ];
  const unique = new Map(faults.map((fault) => [JSON.stringify(fault), fault]));
  return [...unique.values()].map(fromText);
}
