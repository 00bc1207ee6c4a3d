/** A certificate for the local API server: its own authority, valid for this machine's names only (RFC 5280, DER). */
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';

export interface ServerCertificate {
  /** PEM, PKCS #8. */
  readonly key: string;
  /** PEM; also what clients verify it with. */
  readonly certificate: string;
}

const tags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  sequence: 0x30,
  set: 0x31,
  generalizedTime: 0x18,
  boolean: 0x01,
} as const;

const dnsName = 0x82;
const ipAddress = 0x87;
/** Context tags of TBSCertificate: version and extensions. */
const explicit = (number: number) => 0xa0 | number;

const commonName = '55 04 03';
const ecdsaWithSha256 = '2a 86 48 ce 3d 04 03 02';
const serverAuth = '2b 06 01 05 05 07 03 01';
const extension = {
  keyUsage: '55 1d 0f',
  subjectAltName: '55 1d 11',
  basicConstraints: '55 1d 13',
  extendedKeyUsage: '55 1d 25',
};

/** A new key and its self-signed certificate. `serial` is 16 random bytes, times are milliseconds since the epoch. */
export function createServerCertificate(options: {
  readonly serial: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}): ServerCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const name = sequence(
    der(tags.set, sequence(oid(commonName), der(tags.utf8, Buffer.from('promfleet local')))),
  );
  const names = sequence(
    ...['localhost', 'kubernetes.default.svc'].map((host) => der(dnsName, Buffer.from(host))),
    der(ipAddress, Buffer.from([127, 0, 0, 1])),
  );
  const algorithm = sequence(oid(ecdsaWithSha256));
  const body = sequence(
    der(explicit(0), der(tags.integer, Buffer.from([2]))),
    // Positive and not empty, whatever the random bytes are.
    der(tags.integer, Buffer.concat([Buffer.from([1]), options.serial])),
    algorithm,
    name,
    sequence(time(options.notBeforeMs), time(options.notAfterMs)),
    name,
    publicKey,
    der(
      explicit(3),
      sequence(
        extensionOf(extension.basicConstraints, sequence(der(tags.boolean, Buffer.from([0xff]))), true),
        // digitalSignature and keyCertSign.
        extensionOf(extension.keyUsage, der(tags.bitString, Buffer.from([2, 0x84])), true),
        extensionOf(extension.extendedKeyUsage, sequence(oid(serverAuth))),
        extensionOf(extension.subjectAltName, names),
      ),
    ),
  );
  const signature = sign('sha256', body, createPrivateKey(privateKey));
  const certificate = sequence(
    body,
    algorithm,
    der(tags.bitString, Buffer.concat([Buffer.from([0]), signature])),
  );
  const lines = certificate.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return {
    key: privateKey,
    certificate: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
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
