import { randomBytes, X509Certificate } from 'node:crypto';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { identityKey, identityName, roles } from '../../render/names.ts';
import { currentIdentities, type IdentityData, identityOf, namesOf, partsOf } from './identities.ts';

const stack = { namespace: 'monitoring', name: 'main' };
const dayMs = 86_400_000;
const startMs = Date.parse('2026-01-01T00:00:00Z');
const at = (day: number) => ({ nowMs: startMs + day * dayMs, serial: () => randomBytes(16) });
const first = currentIdentities(undefined, stack, at(0));
const leafOf = (data: IdentityData, role: (typeof roles)[number]) =>
  new X509Certificate(partsOf(identityOf(data, role).pem).certificate);
const authoritiesOf = (data: IdentityData) =>
  (data['ca.crt'] ?? '').split(/(?<=-----END CERTIFICATE-----\n)/).map((pem) => new X509Certificate(pem));

test('every role has a certificate of the one authority, with its names', () => {
  const [authority] = authoritiesOf(first);
  for (const role of roles) {
    const leaf = leafOf(first, role);
    expect(leaf.verify(authority!.publicKey)).toBe(true);
    for (const name of namesOf(role, stack)) expect(leaf.subjectAltName).toContain(`DNS:${name}`);
  }
  expect(leafOf(first, 'operator').keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(
    leafOf(first, 'prometheus').checkHost('main-prometheus-0-1.main-prometheus-pods.monitoring.svc'),
  ).toBeDefined();
});

test('where nothing is due nothing changes', () => {
  for (const day of [0, 1, 30, 59]) expect(currentIdentities(first, stack, at(day))).toEqual(first);
});

test('certificates are issued anew a month before they end, by the same authority', () => {
  const renewed = currentIdentities(first, stack, at(61));
  expect(renewed['ca.crt']).toBe(first['ca.crt']);
  for (const role of roles) {
    expect(renewed[identityKey(role)]).not.toBe(first[identityKey(role)]);
    expect(leafOf(renewed, role).validToDate.getTime()).toBe(startMs + (61 + 90) * dayMs);
  }
});

test('what is damaged or foreign is made anew, and only that', () => {
  const foreign = currentIdentities(undefined, { namespace: 'monitoring', name: 'other' }, at(0));
  const { 'compactor.pem': _, ...missing } = first;
  for (const found of [
    missing,
    { ...first, 'compactor.pem': 'x' },
    { ...first, 'compactor.pem': foreign['compactor.pem']! },
    { ...first, 'compactor.pem': first['query.pem']! },
    {
      ...first,
      'compactor.pem': partsOf(first['query.pem']!).key + partsOf(first['compactor.pem']!).certificate,
    },
  ]) {
    const mended = currentIdentities(found, stack, at(1));
    expect({ ...mended, 'compactor.pem': '' }).toEqual({ ...first, 'compactor.pem': '' });
    expect(leafOf(mended, 'compactor').verify(authoritiesOf(first)[0]!.publicKey)).toBe(true);
  }
});

test.each([
  ['its key is gone', { 'signing.key': '' }],
  ['its key is another', { 'signing.key': partsOf(first['query.pem']!).key }],
  ['its certificate is damaged', { 'signing.crt': 'x' }],
])('a new authority is made where %s', (_, damage) => {
  const data = currentIdentities({ ...first, ...damage }, stack, at(1));
  expect(data['signing.crt']).not.toBe(first['signing.crt']);
  for (const role of roles)
    expect(leafOf(data, role).verify(new X509Certificate(data['signing.crt']!).publicKey)).toBe(true);
});

test('over ten years, looked at now and then, nobody ever meets a certificate that it does not trust', () => {
  let data = first;
  /** What those hold who read their files only when they start, at most half a year ago. */
  const history: IdentityData[] = [];
  const authorities = new Set<string>();
  for (let day = 0; day < 3650; day += 55) {
    data = currentIdentities(data, stack, at(day));
    history.unshift(data);
    history.length = Math.min(history.length, 3);
    authorities.add(data['signing.crt']!);
    const leaf = leafOf(data, 'query');
    for (const held of history)
      expect(authoritiesOf(held).some((each) => leaf.checkIssued(each) && leaf.verify(each.publicKey))).toBe(
        true,
      );
  }
  expect(authorities.size).toBe(3);
});

test('two of a stack speak TLS to each other, and a client of another stack is not believed', async () => {
  const now = currentIdentities(undefined, stack, { nowMs: Date.now(), serial: () => randomBytes(16) });
  const foreign = currentIdentities(
    undefined,
    { ...stack, name: 'other' },
    { nowMs: Date.now(), serial: () => randomBytes(16) },
  );
  const tls = (data: IdentityData, role: (typeof roles)[number]) => {
    const { authorities, pem } = identityOf(data, role);
    const { key, certificate } = partsOf(pem);
    return { ca: authorities, key, cert: certificate };
  };
  const believed: boolean[] = [];
  const server = createServer(
    { ...tls(now, 'prometheus'), requestCert: true, rejectUnauthorized: false },
    (socket: TLSSocket) => {
      believed.push(socket.authorized);
      socket.end('x');
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  for (const data of [now, foreign]) {
    await new Promise<void>((resolve, reject) => {
      const client = connect({
        host: '127.0.0.1',
        port,
        ...tls(data, 'query'),
        ca: identityOf(now, 'query').authorities,
        servername: identityName('monitoring', 'main'),
      });
      client
        .on('error', reject)
        .on('close', () => resolve())
        .resume();
    });
  }
  await new Promise((resolve) => server.close(resolve));
  expect(believed).toEqual([true, false]);
});
