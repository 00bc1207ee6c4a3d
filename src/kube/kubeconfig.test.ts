import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { dump } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerJson, scriptedServer, testTls } from '../../test/support/scripted-server.ts';
import { systemClock } from '../base/clock.ts';
import { CodedError } from '../base/errors.ts';
import { seededRandom } from '../base/random.ts';
import { connect, findConnection } from './connect.ts';
import type { ClusterConnection } from './connection.ts';
import { inClusterConnection } from './in-cluster.ts';
import { readText } from './json-body.ts';
import { connectionFromText, kubeconfigConnection } from './kubeconfig.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'promfleet-kubeconfig-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const base64 = (text: string) => Buffer.from(text).toString('base64');

function config(cluster: object, user: object, context: object = {}): string {
  return dump({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'main',
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443/', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [
      { name: 'main', context: { cluster: 'c', user: 'u', ...context } },
      { name: 'other', context: { cluster: 'c', user: 'u', namespace: 'elsewhere' } },
    ],
  });
}

const read = (text: string, options = {}) => connectionFromText(text, join(dir, 'config'), options);

describe('a kubeconfig', () => {
  it.each<[string, object, object, object]>([
    ['a token', {}, { token: 't' }, { headers: { authorization: 'Bearer t' }, tls: {} }],
    [
      'a password',
      {},
      { username: 'u', password: 'p' },
      { headers: { authorization: `Basic ${base64('u:p')}` }, tls: {} },
    ],
    [
      'impersonation',
      {},
      { as: 'eve', 'as-groups': ['g'] },
      { headers: { 'impersonate-user': 'eve', 'impersonate-group': 'g' }, tls: {} },
    ],
    [
      'certificates inside',
      { 'certificate-authority-data': base64('CA') },
      { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') },
      { headers: {}, tls: { ca: 'CA', cert: 'CERT', key: 'KEY' } },
    ],
    [
      'another server name and no verification',
      { 'tls-server-name': 'api.test', 'insecure-skip-tls-verify': true },
      {},
      { headers: {}, tls: { servername: 'api.test', rejectUnauthorized: false } },
    ],
  ])('with %s gives these credentials', async (_name, cluster, user, expected) => {
    expect(await read(config(cluster, user)).credentials()).toEqual(expected);
  });

  it('reads files beside it, each time anew', async () => {
    await writeFile(join(dir, 'ca.crt'), 'CA');
    await writeFile(join(dir, 'token'), 'one\n');
    const connection = read(config({ 'certificate-authority': 'ca.crt' }, { tokenFile: 'token' }));
    expect(await connection.credentials()).toEqual({
      headers: { authorization: 'Bearer one' },
      tls: { ca: 'CA' },
    });
    await writeFile(join(dir, 'token'), 'two\n');
    expect((await connection.credentials()).headers).toEqual({ authorization: 'Bearer two' });
  });

  it('is read for its current context or a given one', () => {
    expect(read(config({}, {}))).toMatchObject({ server: 'https://127.0.0.1:6443', namespace: 'default' });
    expect(read(config({}, {}), { context: 'other' }).namespace).toBe('elsewhere');
  });

  it.each<[string, string, RegExp]>([
    [
      'no such context',
      config({}, {}).replace('current-context: main', 'current-context: gone'),
      /context "gone" does not exist/,
    ],
    ['no such cluster', config({}, {}, { cluster: 'gone' }), /cluster "gone" has no server/],
    ['a server that is no URL', config({ server: 'nowhere' }, {}), /"nowhere" is not a URL/],
    [
      'an unusable proxy',
      config({ 'proxy-url': 'socks5://x' }, {}),
      /"socks5:\/\/x" is not a URL of http: or https:/,
    ],
    ['several groups to impersonate', config({}, { as: 'eve', 'as-groups': ['a', 'b'] }), /several groups/],
    ['text that is not YAML', 'a: [', /not YAML \(line \d+\)/],
    ['nothing', '', /not YAML/],
    ['a scalar', '7', /not a mapping/],
  ])('with %s is refused with the reason', (_name, text, message) => {
    expect(() => read(text)).toThrow(CodedError);
    expect(() => read(text)).toThrow(message);
  });

  it('that is broken never shows its content', () => {
    expect(() => read('token: [hush-hush')).toThrow(/^(?!.*hush).*$/s);
  });
});

describe('a service account', () => {
  const env = { host: '127.0.0.1', port: '6443' };

  it('gives server, namespace, CA and the present token', async () => {
    for (const [file, text] of Object.entries({ 'ca.crt': 'CA', namespace: 'ns', token: 'one' })) {
      await writeFile(join(dir, file), text);
    }
    const connection = await inClusterConnection({ ...env, host: 'fd00::1', serviceAccountDir: dir });
    expect(connection).toMatchObject({ server: 'https://[fd00::1]:6443', namespace: 'ns' });
    await writeFile(join(dir, 'token'), 'two');
    expect(await connection.credentials()).toEqual({
      headers: { authorization: 'Bearer two' },
      tls: { ca: 'CA' },
    });
  });

  it('without a CA is used on loopback only', async () => {
    expect((await inClusterConnection({ ...env, serviceAccountDir: dir })).server).toBe(
      'http://127.0.0.1:6443',
    );
    await expect(inClusterConnection({ ...env, host: '10.0.0.1', serviceAccountDir: dir })).rejects.toThrow(
      /no certificate authority/,
    );
  });

  it('is refused outside a pod', async () => {
    await expect(inClusterConnection({ host: undefined, port: undefined })).rejects.toThrow(
      /not inside a pod/,
    );
  });
});

describe('the connection is found', () => {
  it('in --kubeconfig, then KUBECONFIG, then the pod, then the home folder', async () => {
    const file = join(dir, 'config');
    await writeFile(file, config({ server: 'https://from-file:1' }, {}));
    const pod = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '2' };
    const found = async (env: Record<string, string>, kubeconfig?: string) =>
      (
        await findConnection({
          env,
          serviceAccountDir: dir,
          ...(kubeconfig === undefined ? {} : { kubeconfig }),
        })
      ).server;
    expect(await found(pod, file)).toBe('https://from-file:1');
    expect(await found({ ...pod, KUBECONFIG: `${join(dir, 'gone')}:${file}` })).toBe('https://from-file:1');
    expect(await found({ ...pod, HOME: dir })).toBe('http://127.0.0.1:2');
    await expect(found({ HOME: dir })).rejects.toThrow(/no API server known/);
  });
});

describe('a proxy', () => {
  it('carries requests and watches', async () => {
    const server = await scriptedServer(
      (request, response) => answerJson(response, 200, { path: request.url.pathname }),
      {
        tls: true,
      },
    );
    const tunnels: string[] = [];
    const sockets = new Set<Duplex>();
    const proxy = createServer().on('connect', (request, socket: Duplex) => {
      tunnels.push(request.url ?? '');
      const [host, port] = (request.url ?? '').split(':');
      const onward = connectSocket(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      for (const each of [socket, onward]) sockets.add(each.on('error', () => {}));
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const ca = { 'certificate-authority-data': base64(testTls.read('ca.crt')) };
    const connection = read(
      config({ server: server.url, 'proxy-url': `http://127.0.0.1:${port}`, ...ca }, {}),
    );
    const client = connect(connection, { clock: systemClock, random: seededRandom(1) });
    try {
      expect((await client.request({ method: 'GET', path: '/one', what: 'get' })).body).toEqual({
        path: '/one',
      });
      const stream = await client.openStream({ path: '/two', what: 'stream' }, new AbortController().signal);
      expect(await readText(stream, 100, 'stream')).toBe('{"path":"/two"}');
      expect(new Set(tunnels)).toEqual(new Set([new URL(server.url).host]));
    } finally {
      await client.close();
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await server.close();
    }
  });
});

describe('TLS', () => {
  async function greet(connection: ClusterConnection): Promise<string | undefined> {
    const client = connect(connection, { clock: systemClock, random: seededRandom(1) });
    try {
      return (
        (await client.request({ method: 'POST', path: '/hello', what: 'greet' })).body as { name?: string }
      ).name;
    } finally {
      await client.close();
    }
  }

  it('verifies the server and presents the client certificate, also after it was rotated', async () => {
    const server = await scriptedServer(
      (request, response) => answerJson(response, 200, { name: request.clientName }),
      { tls: true },
    );
    try {
      const cluster = { server: server.url, 'certificate-authority': join(testTls.dir, 'ca.crt') };
      const user = { 'client-certificate': 'client.crt', 'client-key': 'client.key' };
      const file = join(dir, 'config');
      await writeFile(file, config(cluster, user));
      await writeFile(join(dir, 'client.crt'), testTls.read('client.crt'));
      await writeFile(join(dir, 'client.key'), testTls.read('client.key'));
      expect(await greet(await kubeconfigConnection(file))).toBe('promfleet test client');
      await writeFile(join(dir, 'client.crt'), testTls.read('server.crt'));
      await writeFile(join(dir, 'client.key'), testTls.read('server.key'));
      expect(await greet(await kubeconfigConnection(file))).toBe('promfleet test server');
      await expect(greet(read(config({ server: server.url }, {})))).rejects.toMatchObject({
        code: 'ApiUnavailable',
      });
      const renamed = { ...cluster, 'tls-server-name': 'api.test' };
      expect(await greet(read(config(renamed, {})))).toBeUndefined();
      await expect(greet(read(config({ ...cluster, 'tls-server-name': 'evil.test' }, {})))).rejects.toThrow(
        /api\.test|altnames/i,
      );
    } finally {
      await server.close();
    }
  });
});
