/**
 * Issues X.509 certificates (RFC 5280, DER) with keys on P-256, for authorities of our own. Writing one needs a page; reading
 * and verifying is left to `node:crypto`.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { isIP } from 'node:net';

export interface Issuer {
  /** Its common name. */
  readonly name: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** Key of the holder: PEM, PKCS #8. */
  readonly key: string;
  /** Who signs; absent: the holder itself. */
  readonly issuer?: Issuer;
  /** 16 random bytes. */
  readonly serial: Uint8Array;
  /** Milliseconds since the epoch; written as whole seconds. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Whether it may sign others. */
  readonly authority: boolean;
  readonly usages?: readonly ('server' | 'client')[];
  readonly dnsNames?: readonly string[];
  /** IPv4 only. */
  readonly addresses?: readonly string[];
}

const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  sequence: 0x30,
  set: 0x31,
  generalizedTime: 0x18,
} as const;

/** Context tags of GeneralName and of AuthorityKeyIdentifier. */
const [dnsName, ipAddress, keyIdentifier] = [0x82, 0x87, 0x80];
/** Context tags of TBSCertificate: version and extensions. */
const explicit = (number: number) => 0xa0 | number;

const commonNameType = '55 04 03';
const ecdsaWithSha256 = '2a 86 48 ce 3d 04 03 02';
const usageTypes = { server: '2b 06 01 05 05 07 03 01', client: '2b 06 01 05 05 07 03 02' } as const;
const extension = {
  subjectKeyIdentifier: '55 1d 0e',
  keyUsage: '55 1d 0f',
  subjectAltName: '55 1d 11',
  basicConstraints: '55 1d 13',
  authorityKeyIdentifier: '55 1d 23',
  extendedKeyUsage: '55 1d 25',
} as const;
/** Bits of keyUsage with the number of unused ones before them. */
const keyUsage = { leaf: [7, 0x80], authority: [1, 0x86], both: [2, 0x84] } as const;

/** A new private key, PEM, PKCS #8. */
export function newPrivateKey(): string {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey;
}

/** The certificate, PEM. */
export function issueCertificate(request: CertificateRequest): string {
  const { commonName, key, authority, usages = [], dnsNames = [], addresses = [] } = request;
  const issuer = request.issuer ?? { name: commonName, key };
  const holder = publicKeyOf(key);
  const names = [
    ...dnsNames.map((name) => der(dnsName, Buffer.from(name, 'latin1'))),
    ...addresses
      .filter((text) => isIP(text) === 4)
      .map((text) => der(ipAddress, Buffer.from(text.split('.').map(Number)))),
  ];
  const bits = authority ? (usages.length > 0 ? keyUsage.both : keyUsage.authority) : keyUsage.leaf;
  const isAuthority = authority ? [der(tags.boolean, Buffer.from([0xff]))] : [];
  const algorithm = sequence(oid(ecdsaWithSha256));
  const body = sequence(
    der(explicit(0), der(tags.integer, Buffer.from([2]))),
    // Positive and not empty, whatever the random bytes are.
    der(tags.integer, Buffer.concat([Buffer.from([1]), request.serial])),
    algorithm,
    nameOf(issuer.name),
    sequence(time(request.notBeforeMs), time(request.notAfterMs)),
    nameOf(commonName),
    holder,
    der(
      explicit(3),
      sequence(
        extensionOf(extension.basicConstraints, sequence(...isAuthority), true),
        extensionOf(extension.keyUsage, der(tags.bitString, Buffer.from(bits)), true),
        extensionOf(extension.subjectKeyIdentifier, der(tags.octetString, identifierOf(holder))),
        extensionOf(
          extension.authorityKeyIdentifier,
          sequence(der(keyIdentifier, identifierOf(publicKeyOf(issuer.key)))),
        ),
        ...(usages.length === 0
          ? []
          : [
              extensionOf(
                extension.extendedKeyUsage,
                sequence(...usages.map((usage) => oid(usageTypes[usage]))),
              ),
            ]),
        ...(names.length === 0 ? [] : [extensionOf(extension.subjectAltName, sequence(...names))]),
      ),
    ),
  );
  const signature = sign('sha256', body, createPrivateKey(issuer.key));
  const certificate = sequence(
    body,
    algorithm,
    der(tags.bitString, Buffer.concat([Buffer.from([0]), signature])),
  );
  const lines = certificate.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function publicKeyOf(key: string): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

/** Method of RFC 7093: the leftmost 160 bits of the SHA-256 of the public key. */
function identifierOf(publicKey: Buffer): Buffer {
  return createHash('sha256').update(publicKey).digest().subarray(0, 20);
}

function nameOf(commonName: string): Buffer {
  return sequence(
    der(tags.set, sequence(oid(commonNameType), der(tags.utf8, Buffer.from(commonName.slice(0, 64))))),
  );
}

function extensionOf(id: string, value: Buffer, critical = false): Buffer {
  const flag = critical ? [der(tags.boolean, Buffer.from([0xff]))] : [];
  return sequence(oid(id), ...flag, der(tags.octetString, value));
}

const sequence = (...parts: readonly Buffer[]) => der(tags.sequence, Buffer.concat(parts));
const oid = (hex: string) => der(tags.oid, Buffer.from(hex.replaceAll(' ', ''), 'hex'));

function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14);
  return der(tags.generalizedTime, Buffer.from(`${text}Z`));
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
