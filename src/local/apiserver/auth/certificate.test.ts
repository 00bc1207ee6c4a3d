import { randomBytes, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { createServerCertificate } from './certificate.ts';

const notBeforeMs = Date.parse('2026-01-02T03:04:05Z');
const notAfterMs = Date.parse('2051-01-02T03:04:05Z');

test('the certificate is its own authority, for this machine only', () => {
  const { certificate, key } = createServerCertificate({ serial: randomBytes(16), notBeforeMs, notAfterMs });
  const read = new X509Certificate(certificate);
  expect(read.ca).toBe(true);
  expect(read.verify(read.publicKey)).toBe(true);
  expect(read.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(read.checkIP('127.0.0.2')).toBeUndefined();
  expect(read.checkHost('localhost')).toBe('localhost');
  expect(read.checkHost('example.org')).toBeUndefined();
  expect(read.validFromDate).toEqual(new Date(notBeforeMs));
  expect(read.validToDate).toEqual(new Date(notAfterMs));
  expect(key).toContain('PRIVATE KEY');
});

test.each([Buffer.alloc(16), Buffer.alloc(16, 0xff)])('any serial number is a positive one', (serial) => {
  const { certificate } = createServerCertificate({ serial, notBeforeMs, notAfterMs });
  expect(new X509Certificate(certificate).serialNumber).toBe(`01${serial.toString('hex').toUpperCase()}`);
});
