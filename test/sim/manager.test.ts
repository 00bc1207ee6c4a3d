import { expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { watch } from '../../src/controllers/controller.ts';
import { Manager } from '../../src/controllers/manager.ts';
import { ownKey } from '../../src/controllers/mapping.ts';
import { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { HttpRequest } from '../../src/kube/transport.ts';
import { FakeApi, noFaults } from '../support/fake-api.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

interface Counter extends KubeObject {
  readonly data: { readonly wanted: string; readonly reached?: string; readonly by?: string };
}

const kind = { apiVersion: 'v1', kind: 'ConfigMap' } as const;

/** One operator process: brings `reached` of each object to `wanted`. */
class Operator {
  cutOff = false;
  readonly stop = new AbortController();
  readonly running: Promise<void>;
  readonly manager: Manager;

  constructor(name: string, clock: VirtualClock, leases: FakeApi, objects: FakeApi, seed: number) {
    const send = async (request: HttpRequest) => {
      if (this.cutOff) throw new Error('connect EHOSTUNREACH');
      return await (request.path.includes('/leases') ? leases : objects).send(request);
    };
    const random = seededRandom(seed);
    const client = new KubeClient({ transport: { send, close: async () => {} }, clock, random });
    const lease = { namespace: 'ops', name: 'leader', identity: name };
    this.manager = new Manager({ client, clock, random, lease, shutdownMs: 5_000 });
    const informer = this.manager.informer<Counter>(kind, { watch: { idleMs: 40_000 } });
    this.manager.controller({
      name: 'counter',
      concurrency: 2,
      watches: [watch(informer, ownKey)],
      reconciler: {
        reconcile: async (key, signal) => {
          const object = informer.store.get(key);
          if (object === undefined || object.data.reached === object.data.wanted) return undefined;
          const data = { ...object.data, reached: object.data.wanted, by: name };
          await this.manager.client.with({ signal }).update({ ...object, data });
          return undefined;
        },
      },
    });
    this.running = this.manager.run(this.stop.signal);
  }
}

it.each(Array.from({ length: 100 }, (_, seed) => seed + 1))(
  'two operators on failing networks, killed and cut off: only the leader writes, all objects get there (seed %i)',
  async (seed) => {
    const clock = new VirtualClock();
    const random = seededRandom(seed);
    const leases = new FakeApi(clock, seededRandom(seed + 100), '/apis/coordination.k8s.io/v1/leases');
    const objects = new FakeApi(clock, seededRandom(seed + 200), '/api/v1/configmaps');
    let made = 0;
    const make = () => new Operator(`op-${++made}`, clock, leases, objects, seed * 100 + made);
    const operators = [make(), make()];
    const all = [...operators];
    const faults = { request: 0.05, event: 0.1, latencyMs: 500 };
    [leases.faults, objects.faults] = [{ ...faults, event: 0 }, faults];
    for (let step = 0; step < 250; step++) {
      const name = `o-${Math.floor(random.next() * 10)}`;
      const known = objects.objects.get(`a/${name}`) as Counter | undefined;
      if (random.next() < 0.1) objects.remove(`a/${name}`);
      else {
        const data = { ...known?.data, wanted: String(step) };
        objects.put({ ...kind, metadata: { namespace: 'a', name }, data } as Counter);
      }
      await clock.advance(2_000 * random.next());
      expect(operators.filter(({ manager }) => manager.status().leading).length).toBeLessThan(2);
      const index = random.next() < 0.5 ? 0 : 1;
      const dice = random.next();
      if (dice < 0.03) operators[index]!.cutOff = !operators[index]!.cutOff;
      else if (dice < 0.06) {
        operators[index]!.stop.abort();
        operators[index] = make();
        all.push(operators[index]!);
      }
    }
    for (const operator of operators) operator.cutOff = false;
    [leases.faults, objects.faults] = [noFaults, noFaults];
    await clock.advance(120_000);
    for (const object of objects.objects.values()) {
      const { data } = object as Counter;
      expect(data.reached).toBe(data.wanted);
    }
    // At rest nothing is written but the Lease.
    const before = { ...objects.requests };
    await clock.advance(300_000);
    expect(objects.requests.PUT).toBe(before.PUT);

    for (const operator of all) operator.stop.abort();
    await clock.advance(60_000);
    await Promise.all(all.map((operator) => operator.running));
    expect(clock.sleepers).toBe(0);
    expect(objects.openStreams).toBe(0);
  },
);
