import type { AlertmanagerSpec, MonitoringStack } from '../../crds/monitoring-stack.ts';
import { alertmanagerName, alertmanagerPodName, governingServiceName, mountPaths, ports } from '../names.ts';
import { durationMs } from '../workload/duration.ts';
import { extraArgs } from '../workload/extra-args.ts';
import { type RenderFault, stackNamespace } from '../workload/manifest.ts';
import { gossipConfigArg, webConfigArg } from '../workload/tls.ts';
import { alertmanagerConfigPath } from './assemble.ts';
import { alertmanagerFlags } from './flag-table.ts';
import { atLeast, defaultVersion } from './version.ts';

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
export function alertmanagerArgs(
  stack: MonitoringStack,
  tls: boolean,
): {
  readonly args: readonly string[];
  readonly faults: readonly RenderFault[];
} {
  const spec = stack.spec.alertmanager ?? {};
  const faults: RenderFault[] = [];
  const extra = extraArgs(alertmanagerFlags, {
    version: spec.version ?? defaultVersion,
    path: 'spec.alertmanager.extraArgs',
    extra: spec.extraArgs ?? [],
  });
  const args = [
    `--config.file=${mountPaths.config}/${alertmanagerConfigPath}`,
    `--storage.path=${mountPaths.data}`,
    `--data.retention=${(durationMs(spec.retention ?? '120h') ?? 0) / 1000}s`,
    `--web.listen-address=0.0.0.0:${ports.alertmanager.number}`,
    '--web.route-prefix=/',
    ...(tls ? [webConfigArg] : []),
    ...clusterArgs(stack, spec.replicas ?? 3, extra.names, tls),
  ];
  const enabled = enabledFeatures(spec, faults);
  if (enabled.length > 0) args.push(`--enable-feature=${enabled.join(',')}`);
  return { args: [...args, ...extra.args], faults: [...faults, ...extra.faults] };
}

/** Members find each other by pod name: addresses change, names do not. One member alone needs no cluster. */
function clusterArgs(
  stack: MonitoringStack,
  replicas: number,
  set: ReadonlySet<string>,
  tls: boolean,
): readonly string[] {
  if (replicas < 2) return ['--cluster.listen-address='];
  const { name } = stack.metadata;
  const namespace = stackNamespace(stack);
  const domain = `${governingServiceName(name, 'alertmanager')}.${namespace}.svc`;
  const port = ports.gossip.number;
  return [
    `--cluster.listen-address=0.0.0.0:${port}`,
    `--cluster.advertise-address=[$(POD_IP)]:${port}`,
    ...(tls ? [gossipConfigArg] : []),
    // Keeps clusters apart when a pod of another one gets an address that this one still remembers.
    `--cluster.label=${namespace}/${alertmanagerName(name)}`,
    ...Array.from(
      { length: replicas },
      (_, replica) => `--cluster.peer=${alertmanagerPodName(name, replica)}.${domain}:${port}`,
    ),
    // The server ends at a flag that is given twice.
    ...(set.has('cluster.pushpull-interval') ? [] : [`--cluster.pushpull-interval=${pushPullInterval}`]),
    ...(set.has('cluster.reconnect-timeout') ? [] : [`--cluster.reconnect-timeout=${reconnectTimeout}`]),
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
