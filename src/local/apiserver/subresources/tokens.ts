import { fault, invalid, notFound } from '../api-error.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { defaultAudience, issueToken } from '../auth/tokens.ts';
import { respondJson } from '../http/respond.ts';
import type { ExtraHandler } from '../http/server.ts';
import { kubeTime, listAt, numberAt, objectAt, stringAt } from '../object.ts';
import type { ServerContext } from '../rest/context.ts';
import { objectBody, storedOf } from './shared.ts';

const shortestSeconds = 600;
const longestSeconds = 2 ** 32;

/** POST serviceaccounts/NAME/token: a TokenRequest, answered with a signed token. */
export function tokenHandler(context: ServerContext, authenticator: Authenticator): ExtraHandler {
  return async (call) => {
    const { type, path, request, response } = call;
    if (type.storageKey !== 'serviceaccounts' || path.subresource !== 'token' || request.method !== 'POST')
      return false;
    const body = await objectBody(call);
    const account = storedOf(context, call);
    const seconds = numberAt(body, 'spec', 'expirationSeconds') ?? 3600;
    const kind = { group: 'authentication.k8s.io', kind: 'TokenRequest' };
    if (seconds < shortestSeconds)
      throw invalid(kind, '', [
        fault.invalid('spec.expirationSeconds', seconds, 'may not specify a duration less than 10 minutes'),
      ]);
    if (seconds > longestSeconds)
      throw invalid(kind, '', [
        fault.invalid(
          'spec.expirationSeconds',
          seconds,
          'may not specify a duration larger than 2^32 seconds',
        ),
      ]);
    const asked = listAt(body, 'spec', 'audiences').map(String);
    const audiences = asked.length > 0 ? asked : [defaultAudience];
    const bound = objectAt(body, 'spec', 'boundObjectRef');
    const podName = stringAt(bound, 'kind') === 'Pod' ? (stringAt(bound, 'name') ?? '') : undefined;
    const pod = podName === undefined ? undefined : context.store.get('pods', path.namespace, podName);
    if (podName !== undefined && pod === undefined) throw notFound({ group: '', plural: 'pods' }, podName);
    const nowMs = context.clock.nowMs();
    const issuedAt = Math.floor(nowMs / 1000);
    const token = issueToken(
      {
        namespace: path.namespace,
        account: account.name,
        accountUid: account.uid,
        ...(pod === undefined ? {} : { pod: { name: pod.name, uid: pod.uid } }),
        audiences,
        issuedAt,
        expiresAt: issuedAt + seconds,
      },
      authenticator.key,
      context.newUid(),
    );
    const answer = {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name: account.name, namespace: path.namespace, creationTimestamp: kubeTime(nowMs) },
      spec: { audiences, expirationSeconds: seconds, boundObjectRef: bound ?? null },
      status: { token, expirationTimestamp: kubeTime((issuedAt + seconds) * 1000) },
    };
    respondJson(response, 201, JSON.stringify(answer));
    return true;
  };
}
