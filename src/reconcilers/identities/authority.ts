import { createPrivateKey, X509Certificate } from 'node:crypto';
import { limits } from '../../base/limits.ts';
import { issueCertificate, newPrivateKey } from '../../base/x509.ts';

export interface Authority {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

/** Who signs now, who will, and whose certificates may still be about. */
export interface Authorities {
  readonly signing: Authority;
  readonly next?: Authority;
  /** Certificate only: its key is gone. */
  readonly before?: string;
}

/** Where new certificates get their time, numbers and names from. */
export interface IssuePorts {
  readonly nowMs: number;
  /** 16 random bytes. */
  readonly serial: () => Uint8Array;
}

/**
 * The authorities as they should be now. A successor is trusted half a year before it signs anything: whoever reads the
 * authorities only when it starts has been restarted until then.
 */
export function currentAuthorities(
  found: {
    readonly signing?: Authority | undefined;
    readonly next?: Authority | undefined;
    readonly before?: string | undefined;
  },
  subject: string,
  ports: IssuePorts,
): Authorities {
  const { nowMs } = ports;
  const signing = found.signing !== undefined && isSound(found.signing, nowMs) ? found.signing : undefined;
  const next = found.next !== undefined && isSound(found.next, nowMs) ? found.next : undefined;
  if (signing === undefined) return { signing: next ?? newAuthority(subject, ports) };
  const before = lives(found.before, nowMs) ? { before: found.before! } : {};
  if (next !== undefined) {
    const sinceMs = read(next.certificate)!.validFromDate.getTime();
    return nowMs - sinceMs >= limits.authoritySettleMs
      ? { signing: next, before: signing.certificate }
      : { signing, next, ...before };
  }
  const leftMs = read(signing.certificate)!.validToDate.getTime() - nowMs;
  return leftMs > limits.authoritySuccessorMs
    ? { signing, ...before }
    : { signing, next: newAuthority(subject, ports), ...before };
}

/** All whose certificates are trusted, PEM. */
export function trusted({ signing, next, before }: Authorities): string {
  return [signing.certificate, next?.certificate, before].filter((text) => text !== undefined).join('');
}

/** A certificate as it is; undefined for what is none. */
export function read(pem: string | undefined): X509Certificate | undefined {
  try {
    return pem === undefined ? undefined : new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** Its common name. */
export function commonNameOf(certificate: X509Certificate): string {
  return /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? '';
}

function lives(pem: string | undefined, nowMs: number): boolean {
  const certificate = read(pem);
  return certificate !== undefined && certificate.validToDate.getTime() > nowMs;
}

function isSound({ certificate, key }: Authority, nowMs: number): boolean {
  const found = read(certificate);
  if (found === undefined || !found.ca || found.validToDate.getTime() <= nowMs) return false;
  return holdsKey(found, key);
}

/** Whether a key is the one of a certificate. */
export function holdsKey(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** Each has a name of its own: those who verify look an issuer up by it. */
function newAuthority(subject: string, { nowMs, serial }: IssuePorts): Authority {
  const number = serial();
  const key = newPrivateKey();
  const certificate = issueCertificate({
    commonName: `${subject.slice(0, 40)} ${Buffer.from(number).toString('hex').slice(0, 12)}`,
    key,
    serial: number,
    notBeforeMs: nowMs - limits.identityClockSkewMs,
    notAfterMs: nowMs + limits.authorityLifetimeMs,
    authority: true,
  });
  return { certificate, key };
}
