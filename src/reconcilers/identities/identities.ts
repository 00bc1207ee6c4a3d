import { limits } from '../../base/limits.ts';
import { issueCertificate, newPrivateKey } from '../../base/x509.ts';
import {
  alertmanagerName,
  compactorName,
  dataKeys,
  governingServiceName,
  identityKey,
  identityName,
  prometheusName,
  queryName,
  type Role,
  roles,
} from '../../render/names.ts';
import type { ObjectKey } from '../object.ts';
import {
  type Authority,
  commonNameOf,
  currentAuthorities,
  holdsKey,
  type IssuePorts,
  read,
  trusted,
} from './authority.ts';

/** What one role proves itself with and whom it trusts. */
export interface Identity {
  /** Certificates of the trusted authorities, PEM. */
  readonly authorities: string;
  /** Private key and certificate, PEM. */
  readonly pem: string;
}

/** Values of the Secret by key, text. */
export type IdentityData = Readonly<Record<string, string>>;

const keys = {
  signing: ['signing.crt', 'signing.key'],
  next: ['next.crt', 'next.key'],
  before: 'before.crt',
} as const;

/** What the stack's Secret should hold, given what it holds. Equal to it where nothing is due. */
export function currentIdentities(
  found: IdentityData | undefined,
  stack: ObjectKey,
  ports: IssuePorts,
): IdentityData {
  const authority = ([crt, key]: readonly [string, string]): Authority | undefined => {
    const [certificate, privateKey] = [found?.[crt], found?.[key]];
    return certificate === undefined || privateKey === undefined
      ? undefined
      : { certificate, key: privateKey };
  };
  const authorities = currentAuthorities(
    { signing: authority(keys.signing), next: authority(keys.next), before: found?.[keys.before] },
    `promfleet ${stack.namespace}/${stack.name}`,
    ports,
  );
  const data: Record<string, string> = {
    [dataKeys.authorities]: trusted(authorities),
    [keys.signing[0]]: authorities.signing.certificate,
    [keys.signing[1]]: authorities.signing.key,
  };
  if (authorities.next !== undefined) {
    data[keys.next[0]] = authorities.next.certificate;
    data[keys.next[1]] = authorities.next.key;
  }
  if (authorities.before !== undefined) data[keys.before] = authorities.before;
  for (const role of roles) {
    const present = found?.[identityKey(role)];
    data[identityKey(role)] =
      present !== undefined && isGood(present, role, stack, authorities.signing, ports.nowMs)
        ? present
        : issue(role, stack, authorities.signing, ports);
  }
  return data;
}

/** The identity of one role in a Secret's values. */
export function identityOf(data: IdentityData, role: Role): Identity {
  return { authorities: data[dataKeys.authorities] ?? '', pem: data[identityKey(role)] ?? '' };
}

/** Private key and certificate of an identity, apart. */
export function partsOf(pem: string): { readonly key: string; readonly certificate: string } {
  const at = pem.indexOf('-----BEGIN CERTIFICATE-----');
  return at < 0 ? { key: pem, certificate: '' } : { key: pem.slice(0, at), certificate: pem.slice(at) };
}

/** Names that a role proves: for clients within the stack, by what it is, and by its Services. */
export function namesOf(role: Role, { namespace, name }: ObjectKey): readonly string[] {
  const own = [identityName(namespace, name), identityName(namespace, name, role)];
  if (role === 'operator') return own;
  const services = {
    prometheus: prometheusName(name),
    alertmanager: alertmanagerName(name),
    query: queryName(name),
    compactor: compactorName(name),
  } as const;
  const inCluster = (service: string) => [
    `${service}.${namespace}.svc`,
    `${service}.${namespace}.svc.cluster.local`,
  ];
  const pods =
    role === 'prometheus' || role === 'alertmanager'
      ? inCluster(`*.${governingServiceName(name, role)}`)
      : [];
  const service = services[role];
  return [...own, service, `${service}.${namespace}`, ...inCluster(service), ...pods, 'localhost'];
}

function isGood(pem: string, role: Role, stack: ObjectKey, signing: Authority, nowMs: number): boolean {
  const { key, certificate } = partsOf(pem);
  const [leaf, issuer] = [read(certificate), read(signing.certificate)];
  if (leaf === undefined || issuer === undefined) return false;
  return (
    leaf.validToDate.getTime() - nowMs > limits.identityRenewMs &&
    leaf.checkIssued(issuer) &&
    leaf.verify(issuer.publicKey) &&
    holdsKey(leaf, key) &&
    leaf.subjectAltName ===
      namesOf(role, stack)
        .map((name) => `DNS:${name}`)
        .join(', ')
  );
}

function issue(role: Role, stack: ObjectKey, signing: Authority, { nowMs, serial }: IssuePorts): string {
  const key = newPrivateKey();
  const issuer = read(signing.certificate)!;
  const certificate = issueCertificate({
    commonName: `${role} of ${stack.namespace}/${stack.name}`,
    key,
    issuer: { name: commonNameOf(issuer), key: signing.key },
    serial: serial(),
    notBeforeMs: nowMs - limits.identityClockSkewMs,
    // Nobody outlives who vouches for it.
    notAfterMs: Math.min(nowMs + limits.identityLifetimeMs, issuer.validToDate.getTime()),
    authority: false,
    usages: role === 'operator' ? ['client'] : ['server', 'client'],
    dnsNames: namesOf(role, stack),
  });
  return `${key}${certificate}`;
}
