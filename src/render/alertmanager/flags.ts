import type { AlertmanagerSpec, MonitoringStack } from '../../crds/monitoring-stack.ts';
import { alertmanagerName, alertmanagerPodName, governingServiceName, mountPaths, ports } from '../names.ts';
import { durationMs } from '../workload/duration.ts';
import { type RenderFault, stackNamespace } from '../workload/manifest.ts';
import { alertmanagerConfigPath } from './assemble.ts';
import { atLeast, defaultVersion } from './version.ts';

/** Flags that the operator sets or that must not be set, with the reason. */
const refusedFlags: Readonly<Record<string, string>> = {
  'cluster.advertise-address': 'is set by the operator',
  'cluster.label': 'is set by the operator',
  'cluster.listen-address': 'is set by the operator',
  'cluster.peer': 'is set by the operator',
  'cluster.peer-name': 'is set by the operator',
  'cluster.tls-config': 'reads a file inside the container',
  'config.file': 'is set by the operator',
  'data.retention': 'use retention',
  'enable-feature': 'use featureFlags',
  'storage.path': 'is set by the operator',
  'web.config.file':
    'reads a file inside the container, and the operator and its agents speak plain HTTP to the server',
  'web.listen-address': 'is set by the operator',
  'web.route-prefix': 'is set by the operator',
};

/** Features with the versions that know them: an unknown one would keep the server from starting. */
const features: Readonly<Record<string, { readonly since: string; readonly until?: string }>> = {
  'alert-names-in-metrics': { since: '0.31.0' },
  'auto-gomaxprocs': { since: '0.28.0', until: '0.33.0' },
  'auto-gomemlimit': { since: '0.28.0' },
  'classic-mode': { since: '0.27.0' },
  'event-recorder': { since: '0.33.0' },
  'group-key-in-metrics': { since: '0.33.0' },
  'receiver-name-in-metrics': { since: '0.27.0' },
  'utf8-strict-mode': { since: '0.27.0' },
};

/** How long a member that went away is looked for under its old address; its name is tried for ever. */
const reconnectTimeout = '5m';

/** How often two members exchange all they know: repairs what a lost gossip message left out. */
const pushPullInterval = '15s';

/** Command line of every member. Order is fixed, so that equal input restarts nothing. */
export function alertmanagerArgs(stack: MonitoringStack): {
  readonly args: readonly string[];
  readonly faults: readonly RenderFault[];
} {
  const spec = stack.spec.alertmanager ?? {};
  const faults: RenderFault[] = [];
  const args = [
    `--config.file=${mountPaths.config}/${alertmanagerConfigPath}`,
    `--storage.path=${mountPaths.data}`,
    `--data.retention=${(durationMs(spec.retention ?? '120h') ?? 0) / 1000}s`,
    `--web.listen-address=0.0.0.0:${ports.alertmanager.number}`,
    '--web.route-prefix=/',
    ...clusterArgs(stack, spec.replicas ?? 3),
  ];
  const enabled = enabledFeatures(spec, faults);
  if (enabled.length > 0) args.push(`--enable-feature=${enabled.join(',')}`);
  const extra: string[] = [];
  for (const { name, value } of spec.extraArgs ?? []) {
    const why = refusedFlags[name.replace(/^no-/, '')];
    if (why === undefined) extra.push(value === undefined ? `--${name}` : `--${name}=${value}`);
    else faults.push({ path: `spec.alertmanager.extraArgs[${name}]`, code: 'FlagRefused', message: why });
  }
  return { args: [...args, ...extra.sort()], faults };
}

/** Members find each other by pod name: addresses change, names do not. One member alone needs no cluster. */
function clusterArgs(stack: MonitoringStack, replicas: number): readonly string[] {
  if (replicas < 2) return ['--cluster.listen-address='];
  const { name } = stack.metadata;
  const namespace = stackNamespace(stack);
  const domain = `${governingServiceName(name, 'alertmanager')}.${namespace}.svc`;
  const port = ports.gossip.number;
  return [
    `--cluster.listen-address=0.0.0.0:${port}`,
    `--cluster.advertise-address=[$(POD_IP)]:${port}`,
    // Keeps clusters apart when a pod of another one gets an address that this one still remembers.
    `--cluster.label=${namespace}/${alertmanagerName(name)}`,
    ...Array.from(
      { length: replicas },
      (_, replica) => `--cluster.peer=${alertmanagerPodName(name, replica)}.${domain}:${port}`,
    ),
    `--cluster.pushpull-interval=${pushPullInterval}`,
    `--cluster.reconnect-timeout=${reconnectTimeout}`,
  ];
}

function enabledFeatures(spec: AlertmanagerSpec, faults: RenderFault[]): readonly string[] {
  const version = spec.version ?? defaultVersion;
  const enabled = (spec.featureFlags ?? []).filter((feature, position) => {
    const known = Object.hasOwn(features, feature) ? features[feature] : undefined;
    const path = `spec.alertmanager.featureFlags[${position}]`;
    if (
      known !== undefined &&
      atLeast(version, known.since) &&
      !(known.until !== undefined && atLeast(version, known.until))
    ) {
      if (feature !== 'utf8-strict-mode' || !spec.featureFlags?.includes('classic-mode')) return true;
      faults.push({ path, code: 'FlagRefused', message: 'excludes classic-mode' });
      return false;
    }
    faults.push({ path, code: 'FlagRefused', message: `is no feature of Alertmanager ${version}` });
    return false;
  });
  return [...new Set(enabled)].sort();
}
