import { createServer, connect as netConnect, type Server, type Socket } from 'node:net';
import { limits } from '../../../base/limits.ts';
import { keyOf } from '../../../kube/object.ts';
import type { ServiceProxy } from '../controllers/services.ts';
import type { AddressBook } from '../pod/addresses.ts';
import type { EndpointSlice, Service } from '../types.ts';

interface Target {
  readonly host: string;
  readonly port: number;
}

interface Forwarder {
  readonly server: Server;
  readonly sockets: Set<Socket>;
  readonly address: string;
  readonly port: number;
  targets: readonly Target[];
}

/** A kube-proxy in user space: each TCP port of a Service listens on the Service's address and forwards in turn. */
export class ServiceForwarders implements ServiceProxy {
  readonly #addresses: AddressBook;
  /** Service key -> declared port -> forwarder. */
  readonly #services = new Map<string, Map<number, Forwarder>>();

  constructor(addresses: AddressBook) {
    this.#addresses = addresses;
  }

  address(namespace: string, name: string): string {
    return this.#addresses.service(namespace, name);
  }

  async update(service: Service, slices: readonly EndpointSlice[]): Promise<void> {
    const key = keyOf(service);
    const { namespace = '', name = '' } = service.metadata;
    const present = this.#services.get(key) ?? new Map<number, Forwarder>();
    this.#services.set(key, present);
    const wanted = new Set<number>();
    for (const port of service.spec.ports ?? []) {
      if ((port.protocol ?? 'TCP') !== 'TCP') continue;
      wanted.add(port.port);
      const targets = targetsOf(slices, port.name ?? '');
      const address = this.#listenAddress(service);
      const forwarder = present.get(port.port);
      if (forwarder !== undefined && forwarder.address === address) {
        forwarder.targets = targets;
        continue;
      }
      if (forwarder !== undefined) await close(forwarder);
      const listenPort = await this.#addresses.port('service', namespace, name, port.port);
      present.set(port.port, await open(address, listenPort, targets));
    }
    for (const [port, forwarder] of present) {
      if (wanted.has(port)) continue;
      present.delete(port);
      await close(forwarder);
    }
  }

  async remove(key: string): Promise<void> {
    const present = this.#services.get(key);
    this.#services.delete(key);
    for (const forwarder of present?.values() ?? []) await close(forwarder);
  }

  async closeAll(): Promise<void> {
    for (const key of [...this.#services.keys()]) await this.remove(key);
  }

  /** Only loopback is ever listened on, whatever address a Service asks for. */
  #listenAddress(service: Service): string {
    const { namespace = '', name = '' } = service.metadata;
    const asked = service.spec.clusterIP ?? '';
    return asked.startsWith('127.') ? asked : this.#addresses.service(namespace, name);
  }
}

function targetsOf(slices: readonly EndpointSlice[], portName: string): readonly Target[] {
  return slices.flatMap((slice) => {
    const port = slice.ports.find((candidate) => candidate.name === portName)?.port;
    if (port === undefined) return [];
    return slice.endpoints
      .filter((endpoint) => endpoint.conditions.ready)
      .flatMap((endpoint) => endpoint.addresses.map((host) => ({ host, port })));
  });
}

async function open(address: string, port: number, targets: readonly Target[]): Promise<Forwarder> {
  let turn = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const { targets: now } = forwarder;
    const target = now[turn++ % Math.max(1, now.length)];
    // As with a Service without endpoints: the connection is refused.
    if (target === undefined) return void client.resetAndDestroy();
    const upstream = netConnect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.resetAndDestroy());
    client.pipe(upstream);
    upstream.pipe(client);
  });
  server.maxConnections = limits.proxyConnections;
  const forwarder: Forwarder = { server, sockets, address, port, targets };
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', () => undefined);
  return forwarder;
}

async function close(forwarder: Forwarder): Promise<void> {
  for (const socket of forwarder.sockets) socket.destroy();
  await new Promise<void>((resolve) => forwarder.server.close(() => resolve()));
}
