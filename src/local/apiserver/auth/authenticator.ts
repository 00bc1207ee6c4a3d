import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { ApiError } from '../api-error.ts';
import type { ServerContext } from '../rest/context.ts';
import { accountUser, readToken, type TokenClaims, type User } from './tokens.ts';

/** The user of this machine. */
const localUser: User = { username: 'promfleet-local', groups: ['system:masters', 'system:authenticated'] };

const keyName = 'tokenKey';

/** Tells who asks. Nothing is forbidden to anybody: RBAC objects are accepted and not enforced. */
export class Authenticator {
  readonly #context: ServerContext;
  readonly #userToken: string | undefined;
  readonly key: string;

  /** Without `userToken` whoever reaches the loopback address is the user; else only who knows it. */
  constructor(context: ServerContext, userToken?: string) {
    this.#context = context;
    this.#userToken = userToken;
    let key = context.store.getMeta(keyName);
    if (key === undefined) {
      key = randomBytes(32).toString('base64url');
      context.store.setMeta(keyName, key);
    }
    this.key = key;
  }

  /** The user of an Authorization header; throws 401 where it names none. */
  user(authorization: string | undefined): User {
    if (this.#userToken === undefined && (authorization ?? '') === '') return localUser;
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (token !== undefined && this.#userToken !== undefined && isSame(token, this.#userToken))
      return localUser;
    const claims = token === undefined ? undefined : this.claims(token);
    if (claims === undefined) throw new ApiError(401, 'Unauthorized', 'Unauthorized');
    return accountUser(claims);
  }

  /** Claims of a token whose service account, and pod where it is bound to one, still exist. */
  claims(token: string): TokenClaims | undefined {
    const { store, clock } = this.#context;
    const claims = readToken(token, this.key, clock.nowMs());
    if (claims === undefined) return undefined;
    if (store.get('serviceaccounts', claims.namespace, claims.account)?.uid !== claims.accountUid)
      return undefined;
    if (
      claims.pod !== undefined &&
      store.get('pods', claims.namespace, claims.pod.name)?.uid !== claims.pod.uid
    )
      return undefined;
    return claims;
  }
}

/** In a time that says nothing about either. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
