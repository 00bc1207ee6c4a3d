import { describe, expect, it } from 'vitest';
import { Tenancy } from './tenant.ts';

const headers = ['X-Scope-OrgID', 'THANOS-TENANT'];

describe('the tenant of a request', () => {
  const tenancy = new Tenancy({
    headers,
    trustedProxies: ['10.0.0.0/8', '127.0.0.1', 'fd00::/8'],
    token: 'key',
  });

  it.each([
    ['nobody is named', {}, '10.1.2.3', 'default'],
    ['a trusted proxy names one', { 'x-scope-orgid': 'a' }, '10.1.2.3', 'a'],
    ['a trusted proxy names one as Thanos does', { 'thanos-tenant': 'b' }, '::ffff:127.0.0.1', 'b'],
    ['both headers are there', { 'thanos-tenant': 'b', 'x-scope-orgid': 'a' }, 'fd00::1', 'a'],
    ['somebody names one', { 'x-scope-orgid': 'a' }, '192.168.0.1', 'default'],
    ['a token comes with it', { 'x-scope-orgid': 'a', authorization: 'Bearer key' }, '192.168.0.1', 'a'],
    [
      'a wrong token comes with it',
      { 'x-scope-orgid': 'a', authorization: 'Bearer kex' },
      '1.1.1.1',
      'default',
    ],
    ['the name is empty', { 'x-scope-orgid': '' }, '10.1.2.3', 'default'],
  ])('where %s', (_, given, address, tenant) => {
    expect(tenancy.of(given, address)).toBe(tenant);
  });

  it('must be a name', () => {
    for (const bad of ['a b', '..', 'x'.repeat(151), 'a/b', 'a|b'])
      expect(() => tenancy.of({ 'x-scope-orgid': bad }, '10.0.0.1'), bad).toThrow('the tenant is no name');
    expect(tenancy.of({ 'x-scope-orgid': 'a b' }, '1.1.1.1')).toBe('default');
  });

  it('refuses a proxy that is no address', () => {
    expect(() => new Tenancy({ headers, trustedProxies: ['host'] })).toThrow('host is no address');
  });
});
