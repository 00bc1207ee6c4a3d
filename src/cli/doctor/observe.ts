import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { leaseRules, namespaceRules, operatorRules, type Rule } from '../../controllers/operator/rights.ts';
import { kinds } from '../../crds/kinds.ts';
import { apiVersion } from '../../crds/metadata.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { KubeClient } from '../../kube/client.ts';
import { listAll } from '../../kube/list.ts';
import type { KubeObject } from '../../kube/object.ts';
import { labelKeys } from '../../render/names.ts';
import type { ObservedPod } from '../status/picture.ts';
import type { Asked, ClaimFact, Facts, LeaseFact, MissingRight, OperatorPodFact } from './facts.ts';

/** Reads everything that is judged; writes nothing. Rejects only where the API server itself does not answer. */
export async function observe(client: KubeClient, signal: AbortSignal): Promise<Facts> {
  const server = await askServer(client, signal);
  const nowMs = client.clock.nowMs();
  const list = async <T>(kind: string, version: string, labelSelector?: string): Promise<readonly T[]> => {
    const selection = {
      apiVersion: version,
      kind,
      ...(labelSelector === undefined ? {} : { labelSelector }),
    };
    return (await listAll<KubeObject>(client, selection, { signal })).items as unknown as readonly T[];
  };
  const [missingKinds, leases, operatorPods, stacks, pods, claims] = await Promise.all([
    notServed(client),
    ask(async () => (await list<LeaseObject>('Lease', 'coordination.k8s.io/v1')).flatMap(leaseFact)),
    ask(async () =>
      (await list<PodObject>('Pod', 'v1', 'app.kubernetes.io/name=promfleet-operator')).map(operatorPodFact),
    ),
    ask(() => list<MonitoringStack>('MonitoringStack', apiVersion)),
    ask(() => list<ObservedPod>('Pod', 'v1', labelKeys.stack)),
    ask(async () => (await list<ClaimObject>('PersistentVolumeClaim', 'v1', labelKeys.stack)).map(claimFact)),
  ]);
  const accounts = 'known' in operatorPods ? operatorPods.known : [];
  const missingRights = await ask(() => deniedTo(client, accounts, signal));
  return { server, nowMs, missingKinds, leases, operatorPods, missingRights, stacks, pods, claims };
}

/** Version and time of the API server. */
async function askServer(client: KubeClient, signal: AbortSignal) {
  const version = await client.serverVersion({ signal });
  const answer = await client.openStream({ path: '/version', what: 'read the time' }, signal);
  const dateMs = Date.parse(answer.header('date') ?? '');
  answer.discard();
  return { version, dateMs: Number.isNaN(dateMs) ? undefined : dateMs };
}

async function notServed(client: KubeClient): Promise<readonly string[]> {
  const served = await Promise.all(
    kinds.map(async ({ kind }) => ((await client.serves({ apiVersion, kind })) ? [] : [kind])),
  );
  return served.flat();
}

async function ask<T>(question: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { known: await question() };
  } catch (error) {
    if (error instanceof CodedError) return { unknown: describeError(error) };
    throw error;
  }
}

interface LeaseObject extends KubeObject {
  readonly spec?: { holderIdentity?: string; leaseDurationSeconds?: number; renewTime?: string };
}

/** Of all Leases of the cluster those of operators of ours. */
function leaseFact({ metadata, spec = {} }: LeaseObject): readonly LeaseFact[] {
  if (!/^promfleet-operator(-|$)/.test(metadata.name ?? '')) return [];
  return [
    {
      namespace: metadata.namespace ?? '',
      name: metadata.name ?? '',
      holder: spec.holderIdentity ?? '',
      renewedMs: spec.renewTime === undefined ? undefined : Date.parse(spec.renewTime),
      durationMs: (spec.leaseDurationSeconds ?? 15) * 1000,
    },
  ];
}

type PodObject = ObservedPod & { readonly spec?: { readonly serviceAccountName?: string } };

function operatorPodFact(pod: PodObject): OperatorPodFact {
  const statuses = pod.status?.containerStatuses ?? [];
  const waiting = statuses.find((container) => container.state?.waiting?.reason !== undefined);
  return {
    namespace: pod.metadata.namespace ?? '',
    name: pod.metadata.name ?? '',
    serviceAccount: pod.spec?.serviceAccountName ?? 'default',
    trouble: waiting?.state?.waiting?.reason ?? (pod.status?.phase === 'Failed' ? 'Failed' : undefined),
  };
}

interface ClaimObject extends KubeObject {
  readonly status?: { readonly phase?: string };
}

const claimFact = ({ metadata, status }: ClaimObject): ClaimFact => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name ?? '',
  phase: status?.phase ?? 'Pending',
});

/** Asks the API server for each right of each operator's account, by SubjectAccessReviews. */
async function deniedTo(
  client: KubeClient,
  pods: readonly OperatorPodFact[],
  signal: AbortSignal,
): Promise<readonly MissingRight[]> {
  const accounts = new Map(pods.map((pod) => [`${pod.namespace}:${pod.serviceAccount}`, pod.namespace]));
  if (accounts.size === 0)
    throw new CodedError('ApiNotFound', 'no pod of an operator was found, so no account to ask for');
  const missing: MissingRight[] = [];
  for (const [account, namespace] of [...accounts].slice(0, limits.doctorFindings)) {
    const everywhere = [...operatorRules, ...namespaceRules].map((rule) => ({ rule, namespace: undefined }));
    const own = leaseRules.map((rule) => ({ rule, namespace }));
    for (const { rule, namespace: where } of [...everywhere, ...own])
      for (const [resource, verb] of pairs(rule))
        if (!(await allowed(client, { account, rule, resource, verb, where }, signal)))
          missing.push({ account: account.replace(':', '/'), rule, resource, verb });
  }
  return missing;
}

const pairs = (rule: Rule): readonly (readonly [string, string])[] =>
  rule.resources.flatMap((resource) => rule.verbs.map((verb) => [resource, verb] as const));

interface Question {
  readonly account: string;
  readonly rule: Rule;
  readonly resource: string;
  readonly verb: string;
  readonly where: string | undefined;
}

async function allowed(client: KubeClient, question: Question, signal: AbortSignal): Promise<boolean> {
  const { account, rule, verb, where } = question;
  const [resource, subresource] = question.resource.split('/');
  const { body } = await client.request({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    what: 'ask for a right of the operator',
    signal,
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: `system:serviceaccount:${account}`,
        groups: ['system:serviceaccounts', 'system:authenticated'],
        resourceAttributes: {
          group: rule.apiGroups[0],
          resource,
          verb,
          ...(subresource === undefined ? {} : { subresource }),
          ...(where === undefined ? {} : { namespace: where }),
        },
      },
    },
  });
  return (body as { status?: { allowed?: boolean } }).status?.allowed === true;
}
