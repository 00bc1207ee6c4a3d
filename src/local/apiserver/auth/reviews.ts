import { badRequest, methodNotAllowed } from '../api-error.ts';
import { readObjectBody } from '../http/body.ts';
import { reviewKinds } from '../http/discovery.ts';
import { respondJson } from '../http/respond.ts';
import { parseResourcePath } from '../http/route.ts';
import type { PathHandler } from '../http/server.ts';
import { isObject, type JsonObject, listAt, stringAt } from '../object.ts';
import type { Authenticator } from './authenticator.ts';
import { accountUser, defaultAudience, type User } from './tokens.ts';

/** Reviews of tokens and of rights. Rights are not enforced, so every question is answered with yes. */
export function reviewHandler(authenticator: Authenticator): PathHandler {
  return async (request, response, url) => {
    const path = parseResourcePath(url.pathname);
    const review = reviewKinds.find((known) => known.group === path?.group && known.plural === path.plural);
    if (path === undefined || review === undefined || path.version !== 'v1') return false;
    if (request.method !== 'POST') throw methodNotAllowed();
    const body = await readObjectBody(request);
    if (!isObject(body)) throw badRequest('the body of the request is not an object');
    const status = answer(
      review.kind,
      body,
      authenticator,
      authenticator.user(request.headers.authorization),
    );
    const object = {
      kind: review.kind,
      apiVersion: `${review.group}/v1`,
      metadata: {},
      ...(review.kind === 'SelfSubjectReview' ? {} : { spec: body.spec ?? {} }),
      status,
    };
    respondJson(response, 201, JSON.stringify(object));
    return true;
  };
}

function answer(kind: string, body: JsonObject, authenticator: Authenticator, user: User): JsonObject {
  switch (kind) {
    case 'TokenReview':
      return tokenStatus(body, authenticator);
    case 'SelfSubjectReview':
      return { userInfo: user };
    case 'SelfSubjectRulesReview':
      return {
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
        nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
        incomplete: false,
      };
    default:
      return { allowed: true, reason: 'promfleet local does not enforce RBAC' };
  }
}

function tokenStatus(body: JsonObject, authenticator: Authenticator): JsonObject {
  const claims = authenticator.claims(stringAt(body, 'spec', 'token') ?? '');
  const wanted = listAt(body, 'spec', 'audiences').map(String);
  const audiences = (wanted.length === 0 ? [defaultAudience] : wanted).filter((audience) =>
    claims?.audiences.includes(audience),
  );
  if (claims === undefined || audiences.length === 0)
    return { authenticated: false, user: {}, error: '[invalid bearer token]' };
  return { authenticated: true, user: accountUser(claims), audiences };
}
