import { load } from 'js-yaml';
import { expect, it } from 'vitest';
import { createLogger } from '../../src/base/create-logger.ts';
import { silentLogger } from '../../src/base/log.ts';
import { createMetricsRegistry } from '../../src/base/metrics-registry.ts';
import { randomBelow, seededRandom } from '../../src/base/random.ts';
import type { Manager } from '../../src/controllers/manager.ts';
import { createOperator } from '../../src/controllers/operator/operator.ts';
import { KubeClient } from '../../src/kube/client.ts';
import type { HttpRequest } from '../../src/kube/transport.ts';
import { decodeIndex, indexHash } from '../../src/render/bundle/bundle-index.ts';
import { encodeReport } from '../../src/render/bundle/report.ts';
import { decodeSlot } from '../../src/render/bundle/slot.ts';
import { slotBytes } from '../../src/render/workload/transport.ts';
import { ModelApi, noModelFaults, ownResources, type Stored } from '../support/model-api.ts';
import { MachineClock, VirtualClock } from '../support/virtual-clock.ts';

const apiVersion = 'promfleet.dev/v1alpha1';
const namespaces = ['monitoring', 'shop', 'bank'];
const dayMs = 86_400_000;

/** One operator process. `crash` is a kill -9: nothing that it sends arrives any more. */
class Process {
  readonly manager: Manager;
  readonly clock: MachineClock;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  isDead = false;
  writes = 0;

  constructor(name: string, shared: VirtualClock, api: ModelApi, seed: number) {
    this.clock = new MachineClock(shared);
    const { clock } = this;
    const random = seededRandom(seed);
    const client = new KubeClient({
      transport: {
        send: async (request: HttpRequest) => {
          if (this.isDead) throw new Error('dead');
          const answer = await api.send(request);
          if (this.isDead) throw new Error('dead');
          return answer;
        },
        close: async () => {},
      },
      clock,
      random,
      resources: ownResources,
      userAgent: name,
      limits: { requestsPerSecond: 10_000, burst: 10_000 },
    });
    this.manager = createOperator({
      client,
      clock,
      random,
      log: process.env.PROMFLEET_TEST_LOG === undefined ? silentLogger : createLogger({ name }),
      metrics: createMetricsRegistry(),
      lease: { namespace: 'monitoring', name: 'operator', identity: name },
      consent: { platformNamespaces: new Set() },
      addresses: { allowedHosts: [], refusedHosts: [] },
      agentImage: 'promfleet/promfleet:v1',
      instance: name,
      shutdownMs: 2000,
      alertmanagers: { list: async () => [], post: async () => '', expire: async () => {} },
    });
    this.#running = this.manager.run(this.#stop.signal);
    this.#running.catch(() => {});
  }

  get leads(): boolean {
    return !this.isDead && this.manager.status().leading;
  }

  crash(): void {
    this.isDead = true;
    this.#stop.abort();
  }

  async end(clock: VirtualClock): Promise<void> {
    this.#stop.abort();
    let ended = false;
    void this.#running
      .catch(() => {})
      .then(() => {
        ended = true;
      });
    for (let n = 0; n < 100 && !ended; n++) await clock.advance(500);
    expect(ended, 'the operator ends').toBe(true);
    this.isDead = true;
  }
}

function rules(expressions: Record<string, string>): object[] {
  return Object.entries(expressions).map(([name, expr]) => ({ name, rules: [{ alert: 'A', expr }] }));
}

/** What users do; what they declared last is what must be true in the end. */
class Users {
  readonly #api: ModelApi;
  readonly #random;
  /** Texts that a group of an object (by uid) ever had, to judge last good versions. */
  readonly history = new Map<string, Set<string>>();
  #count = 0;

  constructor(api: ModelApi, seed: number) {
    this.#api = api;
    this.#random = seededRandom(seed);
    for (const name of namespaces)
      api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: {} } });
    this.stack({ replicas: 2 });
  }

  stack(prometheus: object): void {
    this.#api.put({
      apiVersion,
      kind: 'MonitoringStack',
      metadata: { namespace: 'monitoring', name: 'main' },
      spec: { prometheus: { ...prometheus, select: { namespaces: {} } }, alertmanager: { replicas: 1 } },
    });
  }

  act(): void {
    const dice = this.#random.next();
    if (dice < 0.65) this.#editSet();
    else if (dice < 0.75) this.#removeSet();
    else if (dice < 0.85)
      this.stack({ replicas: 1 + randomBelow(this.#random, 2), shards: 1 + randomBelow(this.#random, 2) });
    else if (dice < 0.93) this.#consent();
    else this.#meddle();
  }

  #editSet(): void {
    const namespace = namespaces[randomBelow(this.#random, namespaces.length)]!;
    const name = `set-${randomBelow(this.#random, 4)}`;
    const groups: Record<string, string> = {};
    for (const group of ['a', 'b']) {
      if (this.#random.next() < 0.15) continue;
      groups[group] = this.#random.next() < 0.2 ? 'sum(' : `up == ${this.#count++}`;
    }
    const stored = this.#api.put({
      apiVersion,
      kind: 'AlertRuleSet',
      metadata: { namespace, name },
      spec: { groups: rules(groups) },
    });
    for (const [group, expr] of Object.entries(groups)) {
      const key = `${stored.metadata.uid} ${group}`;
      this.history.set(key, new Set([...(this.history.get(key) ?? []), expr]));
    }
  }

  #removeSet(): void {
    const sets = this.#api.list('AlertRuleSet');
    const set = sets[randomBelow(this.#random, sets.length)];
    if (set !== undefined) this.#api.remove('AlertRuleSet', set.metadata.namespace, set.metadata.name);
  }

  #consent(): void {
    const name = this.#random.next() < 0.5 ? 'shop' : 'bank';
    const labels = this.#random.next() < 0.7 ? { 'promfleet.dev/allowed-stacks': 'monitoring.main' } : {};
    this.#api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  }

  /** Somebody changes or deletes what the operator made. */
  #meddle(): void {
    const kind = ['ConfigMap', 'Service', 'StatefulSet', 'Role', 'Deployment'][randomBelow(this.#random, 5)]!;
    const objects = this.#api.list(kind);
    const object = objects[randomBelow(this.#random, objects.length)];
    if (object === undefined) return;
    const { namespace, name } = object.metadata;
    if (this.#random.next() < 0.5) this.#api.remove(kind, namespace, name);
    else if (kind === 'StatefulSet' || kind === 'Deployment')
      this.#api.put({ ...object, spec: { ...object.spec, replicas: 7 } }, 'meddler');
  }
}

/** Workload controllers, kubelet and reloaders in one, without faults. */
function playReplicas(api: ModelApi): void {
  for (const deployment of api.list('Deployment')) {
    const { replicas } = deployment.spec;
    const status = {
      observedGeneration: deployment.metadata.generation,
      replicas,
      readyReplicas: replicas,
      updatedReplicas: replicas,
    };
    api.put({ ...deployment, status }, 'controller', 'status');
  }
  for (const set of api.list('StatefulSet')) {
    const { name, namespace, generation } = set.metadata;
    const replicas = set.spec.replicas;
    const status = {
      observedGeneration: generation,
      replicas,
      readyReplicas: replicas,
      updatedReplicas: replicas,
    };
    api.put({ ...set, status }, 'controller', 'status');
    for (let n = 0; n < replicas; n++) {
      const pod = `${name}-${n}`;
      const labels = set.spec.template.metadata.labels;
      const conditions = [{ type: 'Ready', status: 'True' }];
      api.put(
        { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name: pod, labels }, status: {} },
        'controller',
      );
      api.put(
        { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name: pod }, status: { conditions } },
        'kubelet',
        'status',
      );
      const index = api.get('ConfigMap', namespace, `${name}-index`)?.data?.['index.json'];
      const report = api.get('ConfigMap', namespace, `${pod}-report`);
      if (index === undefined || report === undefined) continue;
      const text = encodeReport({
        indexHash: indexHash(index),
        slots: Object.fromEntries(decodeIndex(index).slots.map((slot) => [slot.name, slot.hash])),
        quarantined: [],
        serverVersion: '3.5.3',
        agentVersion: '0.1.0',
        ruleHealth: [],
      });
      const { apiVersion: version, kind } = report;
      api.put(
        {
          apiVersion: version,
          kind,
          metadata: { namespace, name: `${pod}-report` },
          data: { 'report.json': text },
        },
        'reloader',
      );
    }
  }
}

/** Rule groups in the bundle: path -> group -> expression. Throws where the index names what is not there. */
function loadedGroups(api: ModelApi, shard: number): Map<string, Record<string, string>> {
  const index = api.get('ConfigMap', 'monitoring', `main-prometheus-${shard}-index`);
  const files = new Map<string, Record<string, string>>();
  for (const slot of decodeIndex(index.data['index.json']).slots) {
    const object = api.get(slot.kind, 'monitoring', slot.name);
    expect(object, `${slot.kind} ${slot.name}`).toBeDefined();
    const { hash, files: packed } = decodeSlot(slotBytes(object)!);
    expect(hash).toBe(slot.hash);
    if (slot.kind === 'Secret') continue;
    for (const file of packed) {
      expect(files.has(file.path), `${file.path} is there once`).toBe(false);
      const { groups } = load(file.content) as { groups: { name: string; rules: { expr: string }[] }[] };
      files.set(file.path, Object.fromEntries(groups.map((group) => [group.name, group.rules[0]!.expr])));
    }
  }
  return files;
}

/** Everything that was declared is true, and nothing else is there. */
function checkEnd(api: ModelApi, users: Users): void {
  const stack = api.get('MonitoringStack', 'monitoring', 'main');
  const { shards = 1, replicas } = stack.spec.prometheus;
  const expected = new Map<string, Stored>();
  const first = loadedGroups(api, 0);
  for (const set of api.list('AlertRuleSet')) {
    const { namespace, name } = set.metadata;
    const labels = api.get('Namespace', '', namespace)?.metadata.labels ?? {};
    const isPermitted = namespace === 'monitoring' || labels['promfleet.dev/allowed-stacks'] !== undefined;
    const condition = (type: string) => set.status?.conditions.find((each: Stored) => each.type === type);
    expect(set.status?.observedGeneration, `${namespace}/${name} is observed`).toBe(set.metadata.generation);
    expect(set.status.stacks[0].reason).toBe(isPermitted ? 'Selected' : 'NotPermitted');
    if (isPermitted) expected.set(`rules/${namespace}/${name}.yaml`, set);
    const isBad = set.spec.groups.some((group: Stored) => group.rules[0].expr === 'sum(');
    expect(condition('Accepted')?.status, `${namespace}/${name}`).toBe(isBad ? 'False' : 'True');
    // Where nothing is accepted, and nothing was that is still there, nothing is loaded.
    const isThere = first.has(`rules/${namespace}/${name}.yaml`);
    if (isPermitted)
      expect(condition('Loaded')?.status, JSON.stringify(set.status)).toBe(
        isThere || !isBad ? 'True' : 'False',
      );
  }
  for (let shard = 0; shard < shards; shard++) {
    const files = loadedGroups(api, shard);
    for (const [path, set] of expected) {
      const groups = { ...files.get(path) };
      for (const group of set.spec.groups) {
        const { expr } = group.rules[0];
        const present = groups[group.name];
        delete groups[group.name];
        if (expr !== 'sum(') expect(present, `${path} ${group.name}`).toBe(expr);
        else if (present !== undefined) {
          expect(
            users.history.get(`${set.metadata.uid} ${group.name}`)?.has(present),
            `${path} ${present}`,
          ).toBe(true);
          expect(present).not.toBe('sum(');
        }
      }
      expect(groups, `groups of ${path} that nobody declares`).toEqual({});
      files.delete(path);
    }
    expect([...files.keys()], 'files that nobody declares').toEqual([]);
    expect(api.get('StatefulSet', 'monitoring', `main-prometheus-${shard}`).spec.replicas).toBe(replicas);
  }
  expect(api.list('StatefulSet')).toHaveLength(shards + 1);
  expect(api.get('Deployment', 'monitoring', 'main-query').spec.replicas).toBe(1);
  expect(api.list('Secret').filter(({ metadata }) => metadata.name.endsWith('-config'))).toHaveLength(shards);
  const ready = stack.status.conditions.find((each: Stored) => each.type === 'Ready');
  expect(ready, JSON.stringify(stack.status)).toMatchObject({ status: 'True' });
}

it.each(Array.from({ length: 200 }, (_, n) => n + 1))(
  'operators that crash at any write, on failing networks and with clocks that are set, bring about what was declared last, and then rest (seed %i)',
  async (seed) => {
    const clock = new VirtualClock();
    const random = seededRandom(seed);
    const api = new ModelApi(clock, seededRandom(seed + 1000));
    const users = new Users(api, seed + 2000);
    let started = 0;
    const start = () => new Process(`op-${++started}`, clock, api, seed * 100 + started);
    const operators = [start(), start()];
    let untilCrash = 3 + randomBelow(random, 40);
    let writes = 0;
    api.written = (_method, path, client) => {
      if (path.includes('/leases/') || path.includes('/leases')) return;
      writes++;
      if (--untilCrash > 0) return;
      untilCrash = 5 + randomBelow(random, 120);
      operators.find((each) => client === nameOf(each))?.crash();
    };
    const nameOf = (each: Process) => names.get(each);
    const names = new Map(operators.map((each, n) => [each, `op-${n + 1}`]));
    api.faults = { request: 0.03, event: 0.03, duplicate: 0.1, latencyMs: 200 };
    for (let step = 0; step < 40; step++) {
      users.act();
      if (random.next() < 0.5) playReplicas(api);
      await clock.advance(3000 * random.next());
      expect(operators.filter(({ leads }) => leads).length).toBeLessThan(2);
      const machine = operators[step % operators.length]!;
      const luck = random.next();
      if (luck < 0.05) machine.clock.jumpWall((random.next() - 0.5) * 2 * dayMs);
      else if (luck < 0.1) machine.clock.setRight();
      for (const [n, each] of operators.entries()) {
        if (!each.isDead || random.next() < 0.3) continue;
        operators[n] = start();
        names.set(operators[n], `op-${started}`);
      }
    }
    api.faults = noModelFaults;
    untilCrash = Number.POSITIVE_INFINITY;
    for (const [n, each] of operators.entries()) if (each.isDead) operators[n] = start();
    // Old leases run out, watches that died are noticed, Secrets are read again, and damped states come through.
    for (let n = 0; n < 60; n++) {
      playReplicas(api);
      await clock.advance(10_000);
    }
    expect(operators.filter(({ leads }) => leads)).toHaveLength(1);
    checkEnd(api, users);
    writes = 0;
    await clock.advance(150_000);
    expect(writes, 'writes while nothing changes').toBe(0);
    for (const each of operators) await each.end(clock);
    const last = start();
    await clock.advance(120_000);
    expect(last.leads).toBe(true);
    expect(writes, 'writes of a start over unchanged objects').toBe(0);
    await last.end(clock);
  },
);
