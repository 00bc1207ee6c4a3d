import type { X509Certificate } from 'node:crypto';

/** What is known of one request before it is answered. */
export interface Caller {
  /** Its client certificate, where it has one that leads to an authority that the server takes. */
  readonly certificate?: { readonly value: X509Certificate; readonly own: boolean } | undefined;
  readonly authorization?: string | undefined;
  readonly header: (name: string) => string | undefined;
}

/** Who is let in. Everything absent: nobody. */
export interface AccessRules {
  /** Names of which one must be in a certificate of the stack's own authority. */
  readonly clients?: readonly string[];
  /** Whether certificates of the further authorities are enough. */
  readonly people?: boolean;
  readonly anonymous?: boolean;
  /** Whether these are a user and its password. */
  readonly basic?: (user: string, password: string) => Promise<boolean>;
  /** Whose token it is and whether that may do this; undefined: it is no good token. */
  readonly token?: (
    token: string,
  ) => Promise<{ readonly user: string; readonly allowed: boolean } | undefined>;
  readonly proxyHeaders?: { readonly userHeader: string; readonly proxies: readonly string[] };
}

export type Verdict =
  | {
      readonly ok: true;
      readonly user: string;
      readonly by: 'certificate' | 'token' | 'basic' | 'proxy' | 'anonymous';
    }
  | {
      readonly ok: false;
      readonly status: 401 | 403;
      readonly message: string;
      readonly challenges: readonly string[];
    };

/** DNS names in a certificate, lower case. */
export function dnsNamesOf({ subjectAltName }: X509Certificate): readonly string[] {
  return (subjectAltName ?? '')
    .split(', ')
    .filter((entry) => entry.startsWith('DNS:'))
    .map((entry) => entry.slice('DNS:'.length).toLowerCase());
}

/** Decides about one request. What is offered first decides: a wrong password is not made good by anonymity. */
export async function decideAccess(caller: Caller, rules: AccessRules): Promise<Verdict> {
  const { certificate, authorization } = caller;
  const names = certificate === undefined ? [] : dnsNamesOf(certificate.value);
  const proxy = rules.proxyHeaders;
  if (proxy !== undefined && names.some((name) => proxy.proxies.includes(name))) {
    const user = caller.header(proxy.userHeader.toLowerCase());
    if (user !== undefined && user !== '') return { ok: true, user, by: 'proxy' };
    return refusal(403, `the proxy names no user in ${proxy.userHeader}`, rules);
  }
  if (certificate?.own === true && names.some((name) => rules.clients?.includes(name) === true))
    return { ok: true, user: names.find((name) => rules.clients?.includes(name))!, by: 'certificate' };
  if (certificate?.own === false && rules.people === true)
    return { ok: true, user: commonNameOf(certificate.value), by: 'certificate' };
  if (authorization !== undefined) return decideCredentials(authorization, rules);
  if (rules.anonymous === true) return { ok: true, user: 'anonymous', by: 'anonymous' };
  if (certificate !== undefined) return refusal(403, 'this certificate gives no right here', rules);
  return refusal(401, 'a client certificate or credentials are needed', rules);
}

async function decideCredentials(authorization: string, rules: AccessRules): Promise<Verdict> {
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +(\S+)$/.exec(authorization.trim()) ?? [];
  if (scheme.toLowerCase() === 'bearer' && rules.token !== undefined) {
    const found = await rules.token(value);
    if (found === undefined) return refusal(401, 'the token is not valid', rules);
    return found.allowed
      ? { ok: true, user: found.user, by: 'token' }
      : refusal(403, `${found.user} has no right to this`, rules);
  }
  if (scheme.toLowerCase() === 'basic' && rules.basic !== undefined) {
    const text = Buffer.from(value, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon > 0 && (await rules.basic(text.slice(0, colon), text.slice(colon + 1))))
      return { ok: true, user: text.slice(0, colon), by: 'basic' };
    return refusal(401, 'user or password is wrong', rules);
  }
  // Such as the token of a tenant, which is looked at behind this door.
  if (rules.anonymous === true) return { ok: true, user: 'anonymous', by: 'anonymous' };
  return refusal(401, 'these credentials are not taken here', rules);
}

function refusal(status: 401 | 403, message: string, rules: AccessRules): Verdict {
  const challenges = [
    ...(rules.basic === undefined ? [] : ['Basic realm="promfleet", charset="UTF-8"']),
    ...(rules.token === undefined ? [] : ['Bearer realm="promfleet"']),
  ];
  return { ok: false, status, message, challenges: status === 401 ? challenges : [] };
}

function commonNameOf({ subject }: X509Certificate): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? subject;
}
