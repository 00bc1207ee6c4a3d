import { randomBytes, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { issueCertificate, newPrivateKey } from './x509.ts';

const notBeforeMs = Date.parse('2026-01-02T03:04:05Z');
const notAfterMs = Date.parse('2051-01-02T03:04:05Z');
const authorityKey = newPrivateKey();
const key = newPrivateKey();
const common = { notBeforeMs, notAfterMs, serial: randomBytes(16) };
const authority = new X509Certificate(
  issueCertificate({ ...common, commonName: 'one authority', key: authorityKey, authority: true }),
);
const issuer = { name: 'one authority', key: authorityKey };

test('an authority signs itself and may sign others', () => {
  expect(authority.ca).toBe(true);
  expect(authority.subject).toBe('CN=one authority');
  expect(authority.verify(authority.publicKey)).toBe(true);
  expect(authority.validFromDate).toEqual(new Date(notBeforeMs));
  expect(authority.validToDate).toEqual(new Date(notAfterMs));
});

test('what it signs is verified by it and by no other of the same name, and may sign nobody', () => {
  const leaf = new X509Certificate(
    issueCertificate({
      ...common,
      commonName: 'a server',
      key,
      issuer,
      authority: false,
      usages: ['server', 'client'],
      dnsNames: ['one.example', '*.two.example'],
      addresses: ['127.0.0.1'],
    }),
  );
  expect(leaf.ca).toBe(false);
  expect(leaf.checkIssued(authority)).toBe(true);
  expect(leaf.verify(authority.publicKey)).toBe(true);
  const other = new X509Certificate(
    issueCertificate({ ...common, commonName: 'one authority', key, authority: true }),
  );
  expect(leaf.verify(other.publicKey)).toBe(false);
  expect(leaf.checkIssued(other)).toBe(false);
  expect(leaf.checkHost('one.example')).toBe('one.example');
  expect(leaf.checkHost('x.two.example')).toBe('*.two.example');
  expect(leaf.checkHost('two.example')).toBeUndefined();
  expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(leaf.checkIP('127.0.0.2')).toBeUndefined();
  expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
});

test.each([Buffer.alloc(16), Buffer.alloc(16, 0xff)])('any serial number is a positive one', (serial) => {
  const text = issueCertificate({ ...common, serial, commonName: 'x', key, authority: true });
  expect(new X509Certificate(text).serialNumber).toBe(`01${serial.toString('hex').toUpperCase()}`);
});

test('any names, many or none, give a certificate that reads back the same', () => {
  const label = fc.stringMatching(/^[a-z0-9]{1,20}$/);
  const names = fc.uniqueArray(
    fc.array(label, { minLength: 2, maxLength: 4 }).map((parts) => parts.join('.')),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(names, fc.stringMatching(/^[ -*.-~]{1,64}$/), (dnsNames, commonName) => {
      const text = issueCertificate({ ...common, commonName, key, issuer, authority: false, dnsNames });
      const read = new X509Certificate(text);
      expect(read.verify(authority.publicKey)).toBe(true);
      const shown = dnsNames.map((name) => `DNS:${name}`).join(', ');
      expect(read.subjectAltName ?? '').toBe(shown);
    }),
    { numRuns: 40 },
  );
});
