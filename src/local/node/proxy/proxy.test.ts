import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AddressBook } from '../pod/addresses.ts';
import type { EndpointSlice, Service } from '../types.ts';
import { ServiceForwarders } from './forwarder.ts';
import { startNameProxy } from './name-proxy.ts';

let folder: string;
const servers: Server[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'promfleet-proxy-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

async function answering(text: string): Promise<number> {
  const server = createServer((incoming, response) => response.end(`${text} ${incoming.url}`));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const service: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'n' },
  spec: { clusterIP: '127.0.0.1', ports: [{ name: 'http', port: 80 }] },
};

function slice(port: number, ready = true): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {},
    addressType: 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: [
      {
        addresses: ['127.0.0.1'],
        conditions: { ready, serving: ready, terminating: false },
        targetRef: { kind: 'Pod', name: 'p', namespace: 'n', uid: 'u' },
      },
    ],
  };
}

const text = async (url: string) => (await fetch(url, { headers: { connection: 'close' } })).text();

describe('ServiceForwarders', () => {
  it('forward to ready endpoints in turn, follow changes and end', async () => {
    const addresses = new AddressBook(join(folder, 'a.json'), { salt: folder, shared: true });
    const forwarders = new ServiceForwarders(addresses);
    const [first, second] = [await answering('first'), await answering('second')];
    await forwarders.update(service, [slice(first), slice(second)]);
    const url = `http://127.0.0.1:${addresses.knownPort('service', 'n', 'web', 80)}/x`;
    expect([await text(url), await text(url)].sort()).toEqual(['first /x', 'second /x']);
    await forwarders.update(service, [slice(first, false), slice(second)]);
    expect([await text(url), await text(url)]).toEqual(['second /x', 'second /x']);
    await forwarders.update(service, []);
    await expect(text(url)).rejects.toThrow();
    await forwarders.closeAll();
    await addresses.saved();
  });
});

describe('startNameProxy', () => {
  it('reaches Services by name and other hosts directly', async () => {
    const port = await answering('service');
    const proxy = await startNameProxy('127.0.0.1', 0, (host) =>
      host === 'web.n.svc' ? { host: '127.0.0.1', port } : null,
    );
    try {
      const through = (url: string) =>
        new Promise<string>((resolve, reject) => {
          const { hostname, port: proxyPort } = new URL(proxy.url);
          request(
            { host: hostname, port: proxyPort, path: url, headers: { host: new URL(url).host } },
            (answer) => {
              let body = '';
              answer.on('data', (part: Buffer) => {
                body += part.toString();
              });
              answer.on('end', () => resolve(`${answer.statusCode} ${body}`));
            },
          )
            .on('error', reject)
            .end();
        });
      expect(await through('http://web.n.svc:8080/a?b=c')).toBe('200 service /a?b=c');
      expect(await through(`http://127.0.0.1:${port}/direct`)).toBe('200 service /direct');
      expect(await through('http://127.0.0.1:1/')).toMatch(/^502 /);
    } finally {
      await proxy.close();
    }
  });
});

describe('AddressBook', () => {
  it('gives the same distinct addresses after a restart', async () => {
    const file = join(folder, 'a.json');
    const book = new AddressBook(file, { salt: 's', shared: false });
    const names = Array.from({ length: 300 }, (_, i) => `pod-${i}`);
    const given = names.map((name) => book.pod('n', name));
    expect(new Set(given).size).toBe(300);
    expect(given.every((address) => /^127\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d+\.\d+$/.test(address))).toBe(
      true,
    );
    await book.saved();
    const again = new AddressBook(file, { salt: 's', shared: false });
    expect(names.map((name) => again.pod('n', name))).toEqual(given);
    expect(new AddressBook(join(folder, 'b.json'), { salt: 't', shared: false }).pod('n', 'pod-0')).not.toBe(
      given[0],
    );
  });
});
