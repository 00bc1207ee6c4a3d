import { createHmac, timingSafeEqual } from 'node:crypto';

/** Who a request comes from. */
export interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
}

/** What a service account token says (RFC 7519 claims, as Kubernetes names them). */
export interface TokenClaims {
  readonly namespace: string;
  readonly account: string;
  readonly accountUid: string;
  readonly pod?: { readonly name: string; readonly uid: string };
  readonly audiences: readonly string[];
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

const issuer = 'https://kubernetes.default.svc.cluster.local';
export const defaultAudience = issuer;

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const sign = (text: string, key: string) => createHmac('sha256', key).update(text).digest();

/** A signed token; the key never leaves the store. */
export function issueToken(claims: TokenClaims, key: string, id: string): string {
  const body = {
    aud: claims.audiences,
    exp: claims.expiresAt,
    iat: claims.issuedAt,
    iss: issuer,
    jti: id,
    'kubernetes.io': {
      namespace: claims.namespace,
      ...(claims.pod === undefined ? {} : { pod: claims.pod }),
      serviceaccount: { name: claims.account, uid: claims.accountUid },
    },
    nbf: claims.issuedAt,
    sub: `system:serviceaccount:${claims.namespace}:${claims.account}`,
  };
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(body)}`;
  return `${text}.${sign(text, key).toString('base64url')}`;
}

/** The claims of a valid token, undefined for a forged, broken or expired one. */
export function readToken(token: string, key: string, nowMs: number): TokenClaims | undefined {
  const [head = '', body = '', signature = '', ...more] = token.split('.');
  const expected = sign(`${head}.${body}`, key);
  const given = Buffer.from(signature, 'base64url');
  if (more.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected))
    return undefined;
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as {
    aud: string[];
    exp: number;
    iat: number;
    'kubernetes.io': {
      namespace: string;
      pod?: { name: string; uid: string };
      serviceaccount: { name: string; uid: string };
    };
  };
  if (claims.exp * 1000 <= nowMs) return undefined;
  const bound = claims['kubernetes.io'];
  return {
    namespace: bound.namespace,
    account: bound.serviceaccount.name,
    accountUid: bound.serviceaccount.uid,
    ...(bound.pod === undefined ? {} : { pod: bound.pod }),
    audiences: claims.aud,
    issuedAt: claims.iat,
    expiresAt: claims.exp,
  };
}

export function accountUser(claims: TokenClaims): User {
  return {
    username: `system:serviceaccount:${claims.namespace}:${claims.account}`,
    uid: claims.accountUid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${claims.namespace}`, 'system:authenticated'],
  };
}
