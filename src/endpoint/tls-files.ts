import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { CodedError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';

/** What a TLS server or client is made of, PEM. */
export interface TlsMaterial {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

export const tlsFileNames = {
  identity: 'identity.pem',
  key: 'tls.key',
  certificate: 'tls.crt',
  authorities: 'ca.crt',
} as const;

/**
 * The identity in a folder: `identity.pem` with key and certificate, or `tls.key` and `tls.crt` as in Secrets of that type;
 * `ca.crt` with the trusted authorities. Whoever writes them swaps each in one step. They are small and read seldom, so reading blocks.
 */
export class TlsFiles {
  readonly #folder: string;
  readonly #morePath: string | undefined;
  #text: { readonly identity: string; readonly authorities: string; readonly more: string };
  #material: TlsMaterial;
  #authorities: readonly X509Certificate[] = [];

  /** `moreAuthorities`: file with further authorities whose clients are taken. Throws TlsFilesInvalid. */
  constructor(folder: string, moreAuthorities?: string) {
    this.#folder = folder;
    this.#morePath = moreAuthorities;
    this.#text = this.#read();
    this.#material = this.#take();
  }

  /** What clients need, and servers for their own part. */
  get material(): TlsMaterial {
    return this.#material;
  }

  /** All authorities whose clients a server takes, PEM. */
  get clientAuthorities(): string {
    return this.#text.authorities + this.#text.more;
  }

  /** Whether a certificate comes from the folder's own authorities, not from the further ones. */
  isOwn(certificate: X509Certificate): boolean {
    return this.#authorities.some(
      (each) => certificate.checkIssued(each) && certificate.verify(each.publicKey),
    );
  }

  /** Reads the files again; whether anything changed. What cannot be read or used leaves all as it is. */
  refresh(): boolean {
    const before = this.#text;
    try {
      const text = this.#read();
      if (
        text.identity === before.identity &&
        text.authorities === before.authorities &&
        text.more === before.more
      )
        return false;
      this.#text = text;
      this.#material = this.#take();
      return true;
    } catch {
      this.#text = before;
      return false;
    }
  }

  /** Refreshes from time to time until aborted. */
  async follow(clock: Clock, signal: AbortSignal, changed: () => void): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(limits.tlsFilesPollMs, signal).catch(() => {});
      if (!signal.aborted && this.refresh()) changed();
    }
  }

  #read() {
    const file = (path: string) => {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        throw new CodedError('TlsFilesInvalid', `${path} cannot be read`);
      }
    };
    const at = (name: string) => file(join(this.#folder, name));
    const apart = !existsSync(join(this.#folder, tlsFileNames.identity));
    return {
      identity: apart
        ? `${at(tlsFileNames.key)}\n${at(tlsFileNames.certificate)}`
        : at(tlsFileNames.identity),
      authorities: at(tlsFileNames.authorities),
      more: this.#morePath === undefined ? '' : file(this.#morePath),
    };
  }

  #take(): TlsMaterial {
    const { identity, authorities } = this.#text;
    const at = identity.indexOf('-----BEGIN CERTIFICATE-----');
    const material = {
      key: identity.slice(0, Math.max(at, 0)),
      cert: identity.slice(Math.max(at, 0)),
      ca: authorities,
    };
    try {
      new X509Certificate(material.cert);
      this.#authorities = authorities
        .split(/(?<=-----END CERTIFICATE-----)/)
        .filter((pem) => pem.includes('BEGIN CERTIFICATE'))
        .map((pem) => new X509Certificate(pem));
      return material;
    } catch {
      throw new CodedError('TlsFilesInvalid', `${this.#folder} holds no usable certificate`);
    }
  }
}
