import { expect, test } from 'vitest';
import { hostRefusal, readHostPort, readHttpAddress, strictPolicy } from './address.ts';

test.each([
  '127.0.0.1',
  '127.1',
  '0x7f.1',
  '2130706433',
  '017700000001',
  'localhost',
  'LOCALHOST.',
  'a.localhost',
  '::1',
  '[::1]',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '0177.0.0.1',
  '127.0.0.1.',
  '0:0:0:0:0:0:0:1',
  '::127.0.0.1',
  '::ffff:0:127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b::a9fe:a9fe',
  '2002:7f00:1::',
  'localhost..',
  'localhost.localdomain',
  'ip6-localhost',
  'metadata.google.internal',
  '100.100.100.200',
  'FD00:EC2:0::254',
  'KUBERNETES.default.svc.',
  '0.0.0.0',
  '::',
  '169.254.169.254',
  'fe80::1%eth0',
  'fd00:ec2::254',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
])('%s is refused', (host) => {
  expect(hostRefusal(host, strictPolicy)).toBeTypeOf('string');
});

test.each([
  'example.com',
  '10.0.0.1',
  'sink.monitoring.svc',
  '128.0.0.1',
  '::ffff:10.0.0.1',
  '64:ff9b::a00:1',
  '2002:a00:1::',
  '2001:db8::1',
  'kubernetes.example.com',
])('%s is allowed', (host) => {
  expect(hostRefusal(host, strictPolicy)).toBeUndefined();
});

test('the user part of an address is not its host', () => {
  const host = (text: string) => readHttpAddress(text);
  expect(host('http://example.org@169.254.169.254/')).toEqual({ host: '169.254.169.254' });
  expect(host('http://169.254.169.254@example.org/')).toEqual({ host: 'example.org' });
});

test('the platform allows hosts by name, loopback as a whole, and names its API server', () => {
  expect(hostRefusal('127.0.0.1', { ...strictPolicy, allowLoopback: true })).toBeUndefined();
  expect(hostRefusal('169.254.1.1', { ...strictPolicy, allowLoopback: true })).toBeTypeOf('string');
  expect(hostRefusal('LOCALHOST', { ...strictPolicy, allowedHosts: ['localhost'] })).toBeUndefined();
  expect(hostRefusal('10.96.0.1', { ...strictPolicy, refusedHosts: ['10.96.0.1'] })).toBeTypeOf('string');
});

test.each([
  ['https://a.example/b?c#d', 'a.example'],
  ['http://user:p%40ss@host:8080', 'host'],
  ['HTTP://[2001:db8::1]:80/', '2001:db8::1'],
  ['http://host:/', 'host'],
])('the address %s has the host %s', (text, host) => {
  expect(readHttpAddress(text)).toEqual({ host });
});

test.each([
  '',
  'a.example',
  'ftp://a',
  'http://',
  'http://a b/',
  'http://a:b/',
  'http://a/%zz',
  'http://a\n',
  'http://[::1',
  'http://a\\@b/',
  'http://a@b@c/',
])('%j is no address', (text) => {
  const result = readHttpAddress(text);
  expect('fault' in result || result.host === 'c').toBe(true);
});

test.each([
  ['mail:25', 'mail'],
  ['[::1]:25', '::1'],
  ['mail', undefined],
  ['mail:', undefined],
  ['a:b:1', undefined],
])('%s is a host and a port', (text, host) => {
  expect(readHostPort(text)?.host).toBe(host);
});
