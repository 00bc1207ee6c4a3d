import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { limits } from '../../../base/limits.ts';
import { type Random, randomBelow, systemRandom } from '../../../base/random.ts';
import { writeFileAtomically } from './files.ts';

/**
 * Addresses below 127.0.0.0/8: pods in 127.64.0.0/10, Services in 127.128.0.0/10. They are derived from the state
 * folder and the name, so they are the same after every restart and two control planes on one machine do not meet.
 */
const podBlock = 64;
const serviceBlock = 128;
const sharedAddress = '127.0.0.1';

interface Stored {
  readonly pods: Readonly<Record<string, string>>;
  readonly services: Readonly<Record<string, string>>;
  readonly ports: Readonly<Record<string, number>>;
}

export class AddressBook {
  readonly #file: string;
  readonly #random: Random;
  readonly #salt: string;
  readonly #pods: Map<string, string>;
  readonly #services: Map<string, string>;
  readonly #ports: Map<string, number>;
  #saving: Promise<void> = Promise.resolve();
  /** True where only 127.0.0.1 can be listened on: pods share it and get distinct ports. */
  readonly shared: boolean;

  constructor(file: string, options: { salt: string; shared: boolean; random?: Random }) {
    this.#file = file;
    this.#random = options.random ?? systemRandom;
    this.#salt = options.salt;
    this.shared = options.shared;
    const stored = readStored(file);
    this.#pods = new Map(Object.entries(stored.pods));
    this.#services = new Map(Object.entries(stored.services));
    this.#ports = new Map(Object.entries(stored.ports));
  }

  /** The pod's address; allocated on first use, also for a pod that does not exist yet. */
  pod(namespace: string, name: string): string {
    return this.shared ? sharedAddress : this.#allocate(this.#pods, podBlock, `${namespace}/${name}`);
  }

  service(namespace: string, name: string): string {
    return this.shared ? sharedAddress : this.#allocate(this.#services, serviceBlock, `${namespace}/${name}`);
  }

  /** Shared mode: the free port that stands for a declared port of a pod or Service. */
  async port(kind: 'pod' | 'service', namespace: string, name: string, declared: number): Promise<number> {
    if (!this.shared) return declared;
    const key = `${kind}/${namespace}/${name}:${declared}`;
    const known = this.#ports.get(key);
    if (known !== undefined) return known;
    const taken = new Set(this.#ports.values());
    let free = await freePort(this.#random);
    while (taken.has(free)) free = await freePort(this.#random);
    this.#ports.set(key, free);
    this.#save();
    return free;
  }

  /** Shared mode: the port allocated before, else the declared one. */
  knownPort(kind: 'pod' | 'service', namespace: string, name: string, declared: number): number {
    return this.#ports.get(`${kind}/${namespace}/${name}:${declared}`) ?? declared;
  }

  /** Resolves when what was allocated so far is on disk. */
  saved(): Promise<void> {
    return this.#saving;
  }

  #allocate(table: Map<string, string>, block: number, key: string): string {
    const known = table.get(key);
    if (known !== undefined) return known;
    const taken = new Set(table.values());
    for (let attempt = 0; ; attempt++) {
      const digest = createHash('sha256').update(`${this.#salt}\n${key}\n${attempt}`).digest();
      // The last byte stays within 1..254 so that no address looks like a network or broadcast one.
      const address = `127.${block + (digest[0]! & 63)}.${digest[1]}.${1 + (digest[2]! % 254)}`;
      if (taken.has(address)) continue;
      table.set(key, address);
      this.#save();
      return address;
    }
  }

  #save(): void {
    this.#saving = this.#saving.then(() => {
      const stored: Stored = {
        pods: Object.fromEntries(this.#pods),
        services: Object.fromEntries(this.#services),
        ports: Object.fromEntries(this.#ports),
      };
      return writeFileAtomically(this.#file, `${JSON.stringify(stored, null, 2)}\n`);
    });
    this.#saving.catch(() => undefined);
  }
}

function readStored(file: string): Stored {
  try {
    return {
      pods: {},
      services: {},
      ports: {},
      ...(JSON.parse(readFileSync(file, 'utf8')) as Partial<Stored>),
    };
  } catch {
    return { pods: {}, services: {}, ports: {} };
  }
}

/** Whether every address of 127.0.0.0/8 can be listened on (Linux), or only those set up by hand (macOS). */
export async function hasLoopbackAliases(): Promise<boolean> {
  return await listenOnce('127.77.31.9').then(
    () => true,
    () => false,
  );
}

/**
 * A port that is free on 127.0.0.1 now, for TCP and UDP. Below the range from which systems take ports for outgoing
 * connections, so that it is still free when it is needed later.
 */
export async function freePort(random: Random): Promise<number> {
  for (let attempt = 0; attempt < limits.freePortAttempts; attempt++) {
    const port = firstPort + randomBelow(random, lastPort - firstPort);
    if ((await canListen(port)) && (await canBind(port))) return port;
  }
  return await listenOnce(sharedAddress);
}

const [firstPort, lastPort] = [20_000, 32_000];

function canListen(port: number): Promise<boolean> {
  return listenOnce(sharedAddress, port).then(
    () => true,
    () => false,
  );
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.on('error', () => resolve(false));
    socket.bind(port, sharedAddress, () => socket.close(() => resolve(true)));
  });
}

function listenOnce(address: string, wanted = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(wanted, address, () => {
      const bound = server.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
      server.close(() => resolve(port));
    });
  });
}
