import { limits } from '../../base/limits.ts';
import type { ReplicaStatus } from '../../crds/monitoring-stack-status.ts';
import type { Asked, Facts } from './facts.ts';
import type { Finding } from './finding.ts';

/** Oldest Kubernetes that is supported, as [major, minor]. */
const oldestKubernetes = [1, 30] as const;
/** Words by which programs say that a name has no address. */
const nameNotFound = /ENOTFOUND|EAI_AGAIN|no such host|server misbehaving/;

/** Judges the facts: at least one finding for each check, faults named one by one up to a limit. */
export function judge(facts: Facts): readonly Finding[] {
  return [
    ...serverVersion(facts),
    ...clock(facts),
    ...kinds(facts),
    ...operator(facts),
    ...rights(facts),
    ...pods(facts),
    ...volumes(facts),
    ...replicas(facts),
    ...shipping(facts),
  ];
}

function serverVersion({ server }: Facts): readonly Finding[] {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(server.version) ?? [];
  const check = 'API server';
  if (major === undefined)
    return [{ check, verdict: 'unknown', message: `its version is ${server.version}` }];
  const [oldMajor, oldMinor] = oldestKubernetes;
  const old = Number(major) < oldMajor || (Number(major) === oldMajor && Number(minor) < oldMinor);
  if (!old) return [{ check, verdict: 'ok', message: `answers, ${server.version}` }];
  return [
    {
      check,
      verdict: 'fault',
      message: `${server.version} is older than ${oldestKubernetes.join('.')}`,
      action: 'Upgrade Kubernetes.',
    },
  ];
}

function clock({ server, nowMs }: Facts): readonly Finding[] {
  const check = 'clock';
  if (server.dateMs === undefined)
    return [{ check, verdict: 'unknown', message: 'the API server does not tell its time' }];
  // The header has whole seconds.
  const skewMs = Math.abs(nowMs - server.dateMs);
  if (skewMs <= limits.doctorClockSkewMs)
    return [{ check, verdict: 'ok', message: 'this machine and the API server agree' }];
  return [
    {
      check,
      verdict: 'warning',
      message: `this machine and the API server are ${Math.round(skewMs / 1000)} s apart`,
      action: 'Synchronise both by NTP: silences, certificates and leases go by the clock.',
    },
  ];
}

function kinds({ missingKinds }: Facts): readonly Finding[] {
  if (missingKinds.length === 0)
    return [{ check: 'kinds', verdict: 'ok', message: 'all kinds of promfleet are served' }];
  return [
    {
      check: 'kinds',
      verdict: 'fault',
      message: `not served: ${missingKinds.join(', ')}`,
      action: 'Install the CustomResourceDefinitions: the chart with crds.enabled, or config/crd.',
    },
  ];
}

function operator({ leases, operatorPods, server, stacks, nowMs }: Facts): readonly Finding[] {
  const check = 'operator';
  const found: Finding[] = [];
  for (const pod of listOf(operatorPods))
    if (pod.trouble !== undefined)
      found.push({
        check,
        verdict: 'fault',
        message: `pod ${pod.namespace}/${pod.name}: ${pod.trouble}`,
        action: `See kubectl -n ${pod.namespace} describe pod ${pod.name}, and its log.`,
      });
  if ('unknown' in leases) return [...found, { check, verdict: 'unknown', message: leases.unknown }];
  const now = server.dateMs ?? nowMs;
  // A Lease carries the holder's clock, so its age says little below the duration itself.
  const held = leases.known.filter(
    (lease) =>
      lease.holder !== '' && lease.renewedMs !== undefined && now - lease.renewedMs < 2 * lease.durationMs,
  );
  if (held.length > 0) {
    const names = held.map((lease) => `${lease.holder} (Lease ${lease.namespace}/${lease.name})`);
    return [...found, { check, verdict: 'ok', message: `leading: ${names.join(', ')}` }];
  }
  if (leases.known.length === 0) {
    // One that takes no part in an election has no Lease: what it has judged tells that it works.
    const declared = listOf(stacks);
    const judged = declared.filter(
      ({ metadata, status }) =>
        metadata.generation !== undefined && status?.observedGeneration === metadata.generation,
    );
    if (declared.length === 0)
      return [
        ...found,
        { check, verdict: 'unknown', message: 'no Lease of an operator, and no stack to judge' },
      ];
    if (judged.length === declared.length)
      return [...found, { check, verdict: 'ok', message: 'without an election; every stack is judged' }];
  }
  return [
    ...found,
    {
      check,
      verdict: 'fault',
      message: 'none leads: changes have no effect; what runs goes on',
      action: 'Start the operator, or see why its pods do not run.',
    },
  ];
}

function rights({ missingRights }: Facts): readonly Finding[] {
  const check = 'rights';
  if ('unknown' in missingRights) return [{ check, verdict: 'unknown', message: missingRights.unknown }];
  if (missingRights.known.length === 0)
    return [{ check, verdict: 'ok', message: 'the operator may do what it has to' }];
  return cut(check, missingRights.known, ({ account, verb, resource, rule }) => ({
    check,
    verdict: 'fault',
    message: `${account} may not ${verb} ${resource}${rule.apiGroups[0] === '' ? '' : `.${rule.apiGroups[0]}`}`,
    action: 'Install the chart again; see which policy of the cluster takes the right away.',
  }));
}

function pods({ pods: asked }: Facts): readonly Finding[] {
  const check = 'pods';
  if ('unknown' in asked) return [{ check, verdict: 'unknown', message: asked.unknown }];
  const troubled = asked.known.flatMap((pod) => {
    const { containerStatuses = [], initContainerStatuses = [], phase, conditions = [] } = pod.status ?? {};
    const waiting = [...initContainerStatuses, ...containerStatuses].find(
      (container) =>
        !['', 'ContainerCreating', 'PodInitializing'].includes(container.state?.waiting?.reason ?? ''),
    );
    const unscheduled = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
    if (waiting !== undefined) return [{ pod, why: `${waiting.name}: ${waiting.state?.waiting?.reason}` }];
    if (unscheduled !== undefined) return [{ pod, why: 'no node takes it' }];
    return phase === 'Failed' ? [{ pod, why: 'it has failed' }] : [];
  });
  if (troubled.length === 0)
    return [{ check, verdict: 'ok', message: `${asked.known.length} pods of stacks, none in trouble` }];
  return cut(check, troubled, ({ pod, why }) => ({
    check,
    verdict: 'fault',
    message: `${pod.metadata.namespace}/${pod.metadata.name}: ${why}`,
    action: `See kubectl -n ${pod.metadata.namespace} describe pod ${pod.metadata.name}.`,
  }));
}

function volumes({ claims }: Facts): readonly Finding[] {
  const check = 'volumes';
  if ('unknown' in claims) return [{ check, verdict: 'unknown', message: claims.unknown }];
  const waiting = claims.known.filter((claim) => claim.phase !== 'Bound');
  if (waiting.length === 0)
    return [{ check, verdict: 'ok', message: `${claims.known.length} claims of stacks, all bound` }];
  return cut(check, waiting, ({ namespace, name, phase }) => ({
    check,
    verdict: 'fault',
    message: `claim ${namespace}/${name} is ${phase}`,
    action: 'See its events: a storage class that is missing, or no room.',
  }));
}

function replicas(facts: Facts): readonly Finding[] {
  const check = 'replicas';
  if ('unknown' in facts.stacks) return [{ check, verdict: 'unknown', message: facts.stacks.unknown }];
  const all = replicasOf(facts);
  const troubled = all.filter(({ replica }) => replica.error !== undefined || (replica.quarantined ?? 0) > 0);
  if (troubled.length === 0)
    return [{ check, verdict: 'ok', message: `${all.length} replicas report no trouble` }];
  return cut(check, troubled, ({ where, replica }) => ({
    check,
    verdict: 'fault',
    message: `${where}: ${replica.error ?? `${replica.quarantined} files refused by the server`}`,
    action: nameNotFound.test(replica.error ?? '')
      ? 'A name has no address inside the pod: see the DNS of the cluster, and NetworkPolicies that keep pods from it.'
      : 'The object that the file comes from says more: promfleet status.',
  }));
}

function shipping(facts: Facts): readonly Finding[] {
  const check = 'shipping';
  const shipped = replicasOf(facts).filter(({ replica }) => replica.shipping !== undefined);
  if (shipped.length === 0) return [];
  const troubled = shipped.filter(({ replica }) => replica.shipping?.error !== undefined);
  if (troubled.length === 0)
    return [{ check, verdict: 'ok', message: `${shipped.length} replicas ship without trouble` }];
  return cut(check, troubled, ({ where, replica }) => {
    const error = replica.shipping?.error ?? '';
    return {
      check,
      verdict: 'fault',
      message: `${where}: ${error}`,
      action: nameNotFound.test(error)
        ? "The bucket's name has no address inside the pod: see its endpoint, and the DNS of the cluster."
        : 'Try the bucket itself: promfleet doctor --objstore-config FILE.',
    };
  });
}

function replicasOf({
  stacks,
}: Facts): readonly { readonly where: string; readonly replica: ReplicaStatus }[] {
  return listOf(stacks).flatMap((stack) =>
    (stack.status?.replicas ?? []).map((replica) => ({
      where: `${stack.metadata.namespace}/${replica.pod}`,
      replica,
    })),
  );
}

const listOf = <T>(asked: Asked<readonly T[]>): readonly T[] => ('known' in asked ? asked.known : []);

/** A finding for each, up to the limit; then one that counts the rest. */
function cut<T>(check: string, list: readonly T[], finding: (item: T) => Finding): readonly Finding[] {
  const shown = list.slice(0, limits.doctorFindings).map(finding);
  const rest = list.length - shown.length;
  return rest === 0 ? shown : [...shown, { check, verdict: 'fault', message: `and ${rest} more` }];
}
