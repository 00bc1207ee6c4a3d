/** A certificate for the local API server: its own authority, valid for this machine's names only. */
import { issueCertificate, newPrivateKey } from '../../../base/x509.ts';

export interface ServerCertificate {
  /** PEM, PKCS #8. */
  readonly key: string;
  /** PEM; also what clients verify it with. */
  readonly certificate: string;
}

/** A new key and its self-signed certificate. `serial` is 16 random bytes, times are milliseconds since the epoch. */
export function createServerCertificate(options: {
  readonly serial: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}): ServerCertificate {
  const key = newPrivateKey();
  const certificate = issueCertificate({
    ...options,
    commonName: 'promfleet local',
    key,
    authority: true,
    usages: ['server'],
    dnsNames: ['localhost', 'kubernetes.default.svc'],
    addresses: ['127.0.0.1'],
  });
  return { key, certificate };
}
