import { randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterAll, describe, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { issueCertificate, newPrivateKey } from '../base/x509.ts';
import { type AccessRules, type Caller, decideAccess } from './access.ts';
import { BasicUsers, parseUsers } from './basic-users.ts';
import { guard, serverTlsOptions } from './guard.ts';
import { ReviewCache } from './review-cache.ts';
import { TlsFiles } from './tls-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'promfleet-endpoint-'));
afterAll(() => rmSync(folder, { recursive: true }));

const times = { notBeforeMs: Date.now() - 3_600_000, notAfterMs: Date.now() + 3_600_000 };
function authority(name: string) {
  const key = newPrivateKey();
  const certificate = issueCertificate({
    ...times,
    commonName: name,
    key,
    authority: true,
    serial: randomBytes(16),
  });
  const issue = (dnsName: string) => {
    const own = newPrivateKey();
    const cert = issueCertificate({
      ...times,
      commonName: dnsName,
      key: own,
      issuer: { name, key },
      authority: false,
      usages: ['server', 'client'],
      dnsNames: [dnsName],
      serial: randomBytes(16),
    });
    return { key: own, cert };
  };
  return { certificate, issue };
}
const stack = authority('the stack');
const people = authority('people');
const stranger = authority('a stranger');

const tokens: Record<string, { user: string; allowed: boolean }> = {
  good: { user: 'grafana', allowed: true },
  poor: { user: 'tenant', allowed: false },
};
const rules: AccessRules = {
  clients: ['query.stack'],
  people: true,
  basic: async (user, password) => user === 'ann' && password === 'secret:word',
  token: async (token) => tokens[token],
  proxyHeaders: { userHeader: 'X-User', proxies: ['proxy.stack'] },
};

const by = (dnsName: string, own: boolean, more: Partial<Caller> = {}): Caller => ({
  certificate: {
    value: new X509Certificate((own ? stack : people).issue(dnsName).cert),
    own,
  },
  header: () => undefined,
  ...more,
});
const sends = (authorization: string): Caller => ({ authorization, header: () => undefined });
const basic = (text: string) => sends(`Basic ${Buffer.from(text).toString('base64')}`);

describe('who is let in', () => {
  test.each<[string, Caller, string]>([
    ['a permitted name of the own authority', by('query.stack', true), 'query.stack by certificate'],
    [
      'another name of the own authority',
      by('other.stack', true),
      '403 this certificate gives no right here',
    ],
    ['a permitted name of the authority for people', by('query.stack', false), 'query.stack by certificate'],
    ['a right password', basic('ann:secret:word'), 'ann by basic'],
    ['a wrong password', basic('ann:x'), '401 user or password is wrong'],
    ['no user', basic(':x'), '401 user or password is wrong'],
    ['a good token', sends('Bearer good'), 'grafana by token'],
    ['a token without the right', sends('bearer poor'), '403 tenant has no right to this'],
    ['a bad token', sends('Bearer x'), '401 the token is not valid'],
    ['another scheme', sends('Digest x'), '401 these credentials are not taken here'],
    ['nothing', { header: () => undefined }, '401 a client certificate or credentials are needed'],
    [
      'a proxy with a user',
      by('proxy.stack', true, { header: (name) => (name === 'x-user' ? 'bob' : undefined) }),
      'bob by proxy',
    ],
    ['a proxy without a user', by('proxy.stack', true), '403 the proxy names no user in X-User'],
    [
      'the header without the proxy',
      { header: () => 'bob' },
      '401 a client certificate or credentials are needed',
    ],
    [
      'the header with another certificate',
      by('other.stack', true, { header: () => 'bob' }),
      '403 this certificate gives no right here',
    ],
  ])('%s', async (_, caller, expected) => {
    const verdict = await decideAccess(caller, rules);
    expect(verdict.ok ? `${verdict.user} by ${verdict.by}` : `${verdict.status} ${verdict.message}`).toBe(
      expected,
    );
  });

  test('without rules nobody; anonymous lets in those who offer nothing', async () => {
    for (const caller of [
      by('query.stack', true),
      by('query.stack', false),
      basic('ann:secret:word'),
      sends('Bearer good'),
    ])
      expect((await decideAccess(caller, {})).ok).toBe(false);
    expect((await decideAccess({ header: () => undefined }, { ...rules, anonymous: true })).ok).toBe(true);
    expect((await decideAccess(basic('ann:x'), { ...rules, anonymous: true })).ok).toBe(false);
    expect((await decideAccess(sends('Bearer tenant'), { anonymous: true })).ok).toBe(true);
  });

  test('is told by which ways', async () => {
    const verdict = await decideAccess({ header: () => undefined }, rules);
    expect(verdict.ok ? [] : verdict.challenges).toEqual([
      'Basic realm="promfleet", charset="UTF-8"',
      'Bearer realm="promfleet"',
    ]);
  });
});

describe('a file of users', () => {
  const path = join(folder, 'users');
  test('says who has which password', async () => {
    writeFileSync(path, `# people\nann:${hashSync('right', 4)}\n\nbob:${hashSync('other', 4)}\r\n`);
    const users = await BasicUsers.open(path, systemClock);
    const answers = await Promise.all([
      users.check('ann', 'right'),
      users.check('ann', 'right'),
      users.check('ann', 'other'),
      users.check('bob', 'other'),
      users.check('carl', 'right'),
      users.check('ann', ''),
      users.check('ann', 'x'.repeat(100)),
    ]);
    expect(answers).toEqual([true, true, false, true, false, false, false]);
  });

  test('is refused by line where it is something else, and quoted nowhere', () => {
    for (const line of [
      'ann',
      'ann:plain-secret',
      ':$2b$04$x',
      'ann:$2b$31$0123456789012345678901.0123456789012345678901234567890',
    ])
      expect(() => parseUsers(`\n${line}`, 'users')).toThrow('users: line 2 is no user:bcrypt-hash');
  });
});

test('a token is asked about once for a while; a question that fails is asked again', async () => {
  let asked = 0;
  let nowMs = 0;
  let away = true;
  const clock = { ...systemClock, monotonicMs: () => nowMs };
  const cache = new ReviewCache(async (token) => {
    asked++;
    if (away) throw new Error('away');
    return token === 'good' ? { user: 'x', allowed: true } : undefined;
  }, clock);
  await expect(cache.ask('good')).rejects.toThrow('away');
  away = false;
  expect(await cache.ask('good')).toEqual({ user: 'x', allowed: true });
  expect(await cache.ask('bad')).toBeUndefined();
  nowMs = 9_000;
  await Promise.all([cache.ask('good'), cache.ask('bad')]);
  expect(asked).toBe(3);
  nowMs = 11_000;
  await Promise.all([cache.ask('good'), cache.ask('bad')]);
  expect(asked).toBe(4);
  nowMs = 61_000;
  await Promise.all([cache.ask('good'), cache.ask('bad')]);
  expect(asked).toBe(6);
});

describe('a server', () => {
  const write = (from: ReturnType<typeof authority>) => {
    const { key, cert } = from.issue('server.stack');
    writeFileSync(join(folder, 'identity.pem'), key + cert);
    writeFileSync(join(folder, 'ca.crt'), stack.certificate);
  };

  test('knows its clients by their authority, not by their names alone, and takes over changed files', async () => {
    write(stack);
    writeFileSync(join(folder, 'people.crt'), people.certificate);
    const files = new TlsFiles(folder, join(folder, 'people.crt'));
    const own: AccessRules = { clients: ['query.stack'] };
    const server = createServer(serverTlsOptions(files), async (request, response) => {
      if (await guard(request, response, own, files)) response.end('in');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const ask = (client: object) =>
      new Promise<string>((resolve, reject) => {
        const options = {
          host: '127.0.0.1',
          port,
          ca: stack.certificate,
          servername: 'server.stack',
          agent: false,
          ...client,
        };
        const call = httpsRequest(options, (answer) => {
          answer
            .resume()
            .on('end', () =>
              resolve(
                `${answer.statusCode} ${new X509Certificate((answer.socket as unknown as { getPeerCertificate(): { raw: Buffer } }).getPeerCertificate().raw).serialNumber}`,
              ),
            );
        });
        call.on('error', reject).end();
      });
    const status = async (client: object) => (await ask(client)).slice(0, 3);
    try {
      expect(await status(stack.issue('query.stack'))).toBe('200');
      expect(await status(stack.issue('other.stack'))).toBe('403');
      expect(await status({})).toBe('401');
      // The name is right; who vouches for it is not.
      expect(await status(people.issue('query.stack'))).toBe('403');
      expect(await status(stranger.issue('query.stack'))).toBe('401');
      const before = await ask({});
      expect(files.refresh()).toBe(false);
      write(stack);
      expect(files.refresh()).toBe(true);
      server.setSecureContext(serverTlsOptions(files));
      expect(await ask({})).not.toBe(before);
      writeFileSync(join(folder, 'identity.pem'), 'damaged');
      expect(files.refresh()).toBe(false);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('does not begin with files that are none', () => {
    writeFileSync(join(folder, 'identity.pem'), 'damaged');
    expect(() => new TlsFiles(folder)).toThrow('holds no usable certificate');
    expect(() => new TlsFiles(join(folder, 'nowhere'))).toThrow('cannot be read');
  });
});
