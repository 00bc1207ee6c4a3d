import { describe, expect, test } from 'vitest';
import { randomBelow, seededRandom } from '../../src/base/random.ts';
import type { Silence, SilenceSpec, SilenceStatus } from '../../src/crds/silence.ts';
import { conditionOf } from '../../src/reconcilers/conditions.ts';
import type { Verdict } from '../../src/reconcilers/selection.ts';
import { ownerOf } from '../../src/reconcilers/silence/alertmanager.ts';
import { matcherKey } from '../../src/reconcilers/silence/plan.ts';
import { SilenceReconciler } from '../../src/reconcilers/silence/reconcile.ts';
import { parseMatchers } from '../../src/render/alertmanager/matcher.ts';
import { MachineClock, VirtualClock } from '../support/virtual-clock.ts';
import { type ClusterFaults, GossipCluster } from './gossip-cluster.ts';

const uid = 'uid-1';
const noFaults: ClusterFaults = { lostRequestPercent: 0, lostAnswerPercent: 0, lostGossipPercent: 0 };

/** One Silence, its operator process and a cluster of three; everything runs on virtual time. */
class World {
  readonly clock = new VirtualClock(Date.UTC(2026, 10, 20, 12));
  /** Of the machine that the operator runs on; the members have the right time. */
  readonly operatorClock = new MachineClock(this.clock);
  readonly cluster: GossipCluster;
  object: Silence | undefined;
  verdict: Verdict = { selected: true, reason: 'Selected', message: '' };
  #process = 0;
  #wake = new AbortController();

  constructor(seed: number, faults: ClusterFaults, spec: Partial<SilenceSpec> = {}) {
    this.cluster = new GossipCluster(3, this.clock, seededRandom(seed), faults);
    this.object = {
      apiVersion: 'promfleet.dev/v1alpha1',
      kind: 'Silence',
      metadata: {
        namespace: 'shop',
        name: 'canary',
        uid,
        generation: 1,
        creationTimestamp: new Date(this.clock.nowMs()).toISOString(),
      },
      spec: { matchers: ['alertname="A"'], duration: '2h', comment: 'canary rollout', ...spec },
    };
    this.startOperator();
  }

  startOperator(): void {
    const self = ++this.#process;
    const isAlive = () => self === this.#process;
    const replicas = this.cluster.members.map(({ url }) => ({ name: url.slice(7), url }));
    const cluster = { namespace: 'monitoring', name: 'main', replicas };
    const reconciler = new SilenceReconciler({
      silences: { get: () => this.object, list: () => (this.object === undefined ? [] : [this.object]) },
      clusters: () => [{ ...cluster, verdict: this.verdict }],
      allClusters: () => [cluster],
      api: this.cluster.client(isAlive),
      writer: {
        setStatus: async (_object, status) => {
          if (this.object !== undefined && isAlive())
            this.object = { ...this.object, status: status as SilenceStatus };
        },
        setFinalizers: async () => {
          throw new Error('the object has no finalizers');
        },
      },
      events: { emit: () => {} },
      clock: this.operatorClock,
      platformNamespaces: new Set(),
    });
    void this.#run(reconciler, isAlive);
  }

  async #run(reconciler: SilenceReconciler, isAlive: () => boolean): Promise<void> {
    while (isAlive()) {
      const wake = this.#wake;
      const result = await reconciler.reconcile('shop/canary').catch(() => ({ requeueAfterMs: 1_000 }));
      if (!isAlive()) return;
      await this.clock.sleep(result?.requeueAfterMs ?? 3_600_000, wake.signal).catch(() => {});
    }
  }

  /** Lets the operator look again at once. */
  #changed(): void {
    const before = this.#wake;
    this.#wake = new AbortController();
    before.abort();
  }

  /** Sets the operator's clock, which its watch notices within seconds; without `byMs` it is put right. */
  async setClock(byMs?: number): Promise<void> {
    if (byMs === undefined) this.operatorClock.setRight();
    else this.operatorClock.jumpWall(byMs);
    await this.clock.advance(10_000);
    this.#changed();
  }

  update(spec: Partial<SilenceSpec>): void {
    const object = this.object!;
    const generation = (object.metadata.generation ?? 0) + 1;
    this.object = {
      ...object,
      metadata: { ...object.metadata, generation },
      spec: { ...object.spec, ...spec },
    };
    this.#changed();
  }

  delete(): void {
    expect(this.object?.metadata.finalizers ?? []).toEqual([]);
    this.object = undefined;
    this.#changed();
  }

  /** Deletes it and makes it again, with nobody looking in between. */
  replace(uid: string): void {
    const { status: _, ...object } = this.object!;
    this.object = { ...object, metadata: { ...object.metadata, uid } };
    this.#changed();
  }

  /** Live silences of the object, by what the members know together. */
  live() {
    return this.cluster
      .truth()
      .filter(({ comment, state }) => ownerOf(comment)?.name === 'canary' && state !== 'expired');
  }

  /** Key of the matchers that the object asks for now. */
  wanted(): string {
    return wantedKey(this.object!.spec.matchers);
  }
}

function wantedKey(texts: readonly string[]): string {
  const own = texts.flatMap((text) => {
    const result = parseMatchers(text);
    return 'matchers' in result ? result.matchers : [];
  });
  return matcherKey([...own, { name: 'promfleet_namespace', operator: '=', value: 'shop' }]);
}

function expectInForce(world: World): void {
  const live = world.live();
  expect(live.map(({ matchers }) => matcherKey(matchers))).toEqual([world.wanted()]);
  for (const member of world.cluster.members) {
    const there = world.cluster
      .listOf(member)
      .filter(({ id, state }) => id === live[0]!.id && state !== 'expired');
    expect(there).toHaveLength(1);
  }
  expect(world.object?.status?.confirmed).toBe('3/3');
  expect(conditionOf(world.object?.status?.conditions, 'Ready')?.status).toBe('True');
  expect(world.object?.status?.stacks?.[0]?.silences?.map(({ id }) => id)).toEqual([live[0]!.id]);
}

describe('without faults', () => {
  test('a silence is posted once, found in every member, and reported', async () => {
    const world = new World(1, noFaults);
    await world.clock.advance(15_000);
    expectInForce(world);
    expect(world.cluster.posts).toBe(1);
    await world.clock.advance(600_000);
    expect(world.cluster.posts).toBe(1);
    expect(world.object?.status?.state).toBe('Active');
  });

  test('changed matchers: the new silence is in every member before the old one expires', async () => {
    const world = new World(2, noFaults);
    await world.clock.advance(20_000);
    const [old] = world.live();
    world.update({ matchers: ['alertname="B"'] });
    for (let step = 0; step < 200; step++) {
      await world.clock.advance(50);
      const isOldLive = world.live().some(({ id }) => id === old!.id);
      const hasNew = world.cluster.members.every((member) =>
        world.cluster
          .listOf(member)
          .some(({ matchers, state }) => state !== 'expired' && matcherKey(matchers) === world.wanted()),
      );
      expect(isOldLive || hasNew).toBe(true);
    }
    expectInForce(world);
  });

  test.each([
    ['deleted by hand', (world: World, id: string) => world.cluster.expire(world.cluster.members[1]!, id)],
    [
      'prolonged by hand',
      (world: World, id: string) =>
        world.cluster.moveEnd(world.cluster.members[2]!, id, world.clock.nowMs() + 9e6),
    ],
    [
      'shortened by hand',
      (world: World, id: string) =>
        world.cluster.moveEnd(world.cluster.members[0]!, id, world.clock.nowMs() + 60_000),
    ],
  ])('%s: repaired within 30 s', async (_what, drift) => {
    const world = new World(3, noFaults);
    await world.clock.advance(20_000);
    const [before] = world.live();
    drift(world, before!.id);
    await world.clock.advance(30_000);
    expectInForce(world);
    expect(world.live()[0]!.endsAtMs).toBe(before!.endsAtMs);
  });

  test('silences of others are left alone', async () => {
    const world = new World(4, noFaults);
    const draft = {
      matchers: [{ name: 'alertname', operator: '=' as const, value: 'A' }],
      startsAtMs: world.clock.nowMs(),
      endsAtMs: world.clock.nowMs() + 7e6,
      createdBy: 'ann',
      comment: 'mine',
    };
    const id = world.cluster.create(world.cluster.members[0]!, draft);
    await world.clock.advance(30_000);
    world.delete();
    await world.clock.advance(60_000);
    expect(world.cluster.truth().find((silence) => silence.id === id)).toMatchObject({
      ...draft,
      state: 'active',
    });
  });

  test('a deleted object takes its silence along, soon', async () => {
    const world = new World(5, noFaults);
    await world.clock.advance(20_000);
    world.delete();
    await world.clock.advance(10_000);
    expect(world.object).toBeUndefined();
    expect(world.live()).toEqual([]);
  });

  test('a deleted object is gone at once, and its silence as soon as Alertmanagers answer again', async () => {
    const world = new World(6, noFaults);
    await world.clock.advance(20_000);
    for (const member of world.cluster.members) member.cutOff = true;
    world.delete();
    await world.clock.advance(60_000);
    expect(world.live()).toHaveLength(1);
    for (const member of world.cluster.members) member.cutOff = false;
    await world.clock.advance(10_000);
    expect(world.live()).toEqual([]);
  });

  test('an object that is made again under its name has one silence, and the former one has none', async () => {
    const world = new World(7, noFaults);
    await world.clock.advance(20_000);
    const [former] = world.live();
    world.replace('uid-of-the-next');
    await world.clock.advance(10_000);
    const live = world.live();
    expect(live).toHaveLength(1);
    expect(live[0]?.id).not.toBe(former?.id);
    expect(live[0]?.comment).toContain('uid-of-the-next');
  });

  test.each([
    ['NotPermitted', 0],
    ['LabelsNotSelected', 0],
    ['StackSuspended', 1],
  ] as const)('a stack that says %s has %i silences of it then', async (reason, count) => {
    const world = new World(11, noFaults);
    await world.clock.advance(20_000);
    world.verdict = { selected: false, reason, message: 'for a test' };
    await world.clock.advance(40_000);
    expect(world.live()).toHaveLength(count);
    expect(world.object?.status?.stacks).toMatchObject([{ selected: false, reason }]);
  });

  test('a suspended object is left as it is', async () => {
    const world = new World(12, noFaults);
    await world.clock.advance(20_000);
    const before = world.live();
    world.update({ suspend: true, matchers: ['alertname="Z"'] });
    await world.clock.advance(60_000);
    expect(world.live()).toEqual(before);
  });

  test('a schedule has its coming window an hour ahead, and one silence per window', async () => {
    const schedule = { cron: '0 14 * * *', duration: '1h', timeZone: 'UTC' };
    const { duration: _, ...spec } = { duration: undefined, schedule };
    const world = new World(7, noFaults);
    const { duration: _once, ...rest } = world.object!.spec;
    world.object = { ...world.object!, spec: { ...rest, ...spec } };
    world.startOperator();
    await world.clock.advance(50 * 60_000);
    expect(world.live()).toEqual([]);
    expect(world.object.status).toMatchObject({ state: 'Pending', startsAt: '2026-11-20T14:00:00Z' });
    await world.clock.advance(15 * 60_000);
    expect(world.live()).toMatchObject([
      { state: 'pending', startsAtMs: Date.UTC(2026, 10, 20, 14), endsAtMs: Date.UTC(2026, 10, 20, 15) },
    ]);
    await world.clock.advance(60 * 60_000);
    expect(world.live()).toMatchObject([{ state: 'active' }]);
    expect(world.object.status?.state).toBe('Active');
    await world.clock.advance(60 * 60_000);
    expect(world.live()).toEqual([]);
    expect(world.cluster.posts).toBe(1);
  });

  test('an object without a window left rests', async () => {
    const world = new World(8, noFaults, { duration: '1m' });
    await world.clock.advance(20_000);
    expectInForce(world);
    await world.clock.advance(120_000);
    expect(world.live()).toEqual([]);
    expect(world.object?.status).toMatchObject({ state: 'Expired', confirmed: '3/3' });
  });

  test('matchers that cannot be read change nothing that is in force', async () => {
    const world = new World(9, noFaults);
    await world.clock.advance(20_000);
    const before = world.live();
    world.update({ matchers: ['alertname=~"("'] });
    await world.clock.advance(60_000);
    expect(world.live()).toEqual(before);
    expect(conditionOf(world.object?.status?.conditions, 'Accepted')).toMatchObject({
      status: 'False',
      reason: 'InvalidMatcher',
    });
  });
});

describe('a clock of the operator that is wrong', () => {
  const dayMs = 86_400_000;

  test.each([-dayMs, -3_600_000, 3_600_000, dayMs])(
    'by %i ms and put right: the silence is in force',
    async (byMs) => {
      const world = new World(11, noFaults);
      await world.clock.advance(20_000);
      await world.setClock(byMs);
      await world.clock.advance(120_000);
      await world.setClock();
      await world.clock.advance(30_000);
      expectInForce(world);
    },
  );

  test.each([-dayMs, -3_600_000])(
    'and put back by %i ms: a silence deleted by hand is there again within 30 s',
    async (byMs) => {
      const world = new World(12, noFaults, { startsAt: '2026-11-18T00:00:00Z', duration: '7d' });
      await world.clock.advance(20_000);
      await world.setClock(byMs);
      await world.clock.advance(20_000);
      const [own] = world.live();
      world.cluster.expire(world.cluster.members[0]!, own!.id);
      await world.clock.advance(30_000);
      expect(world.live()).toHaveLength(1);
    },
  );

  test('while a window comes: it is posted as soon as the clock is right', async () => {
    const world = new World(13, noFaults, { schedule: { cron: '0 18 * * *', duration: '1h' } });
    const { duration: _, ...spec } = world.object!.spec;
    world.object = { ...world.object!, spec };
    await world.clock.advance(4 * 3_600_000);
    await world.setClock(-6 * 3_600_000);
    await world.clock.advance(1.5 * 3_600_000);
    expect(world.live()).toEqual([]);
    await world.setClock();
    await world.clock.advance(20_000);
    expectInForce(world);
  });
});

describe('with seeded faults', () => {
  /** Requests and answers get lost, gossip is late, operators restart, people meddle; members stay up. */
  test.each(Array.from({ length: 120 }, (_, seed) => seed))(
    'schedule %i: never two at once, never none',
    async (seed) => {
      const random = seededRandom(seed + 1000);
      const world = new World(seed, { lostRequestPercent: 3, lostAnswerPercent: 6, lostGossipPercent: 5 });
      const allowed = new Set([world.wanted()]);
      let excusedUntilMs = world.clock.nowMs() + 60_000;
      for (let step = 0; step < 240; step++) {
        await world.clock.advance(500);
        const nowMs = world.clock.nowMs();
        const keys = world.live().map(({ matchers }) => matcherKey(matchers));
        expect(new Set(keys).size, `duplicate at ${step}`).toBe(keys.length);
        expect(keys.every((key) => allowed.has(key))).toBe(true);
        if (nowMs > excusedUntilMs) expect(keys.length, `none at ${step}`).toBeGreaterThan(0);
        const what = randomBelow(random, 60);
        const member = world.cluster.members[randomBelow(random, 3)]!;
        const [own] = world.live();
        if (what === 0) world.startOperator();
        else if (what === 1) {
          world.update({ matchers: [`alertname="A${randomBelow(random, 3)}"`] });
          allowed.add(world.wanted());
        } else if (what === 2 && own !== undefined && member.state.has(own.id)) {
          world.cluster.expire(member, own.id);
          excusedUntilMs = nowMs + 60_000;
        } else if (what === 3 && own !== undefined)
          world.cluster.moveEnd(member, own.id, nowMs + 60_000 + randomBelow(random, 9e6));
        else if (what === 4) world.update({ comment: `reason ${step}` });
      }
      world.cluster.faults = noFaults;
      await world.clock.advance(60_000);
      expectInForce(world);
      world.delete();
      await world.clock.advance(30_000);
      expect(world.object).toBeUndefined();
      expect(world.live()).toEqual([]);
    },
  );

  /** Members crash with all they know, or cannot be reached: what is declared comes back, exactly once. */
  test.each(Array.from({ length: 120 }, (_, seed) => seed))(
    'schedule %i with crashes: the declared state comes back',
    async (seed) => {
      const random = seededRandom(seed + 5000);
      const world = new World(seed, { lostRequestPercent: 5, lostAnswerPercent: 10, lostGossipPercent: 10 });
      const foreign = world.cluster.create(world.cluster.members[0]!, {
        matchers: [],
        startsAtMs: world.clock.nowMs(),
        endsAtMs: world.clock.nowMs() + 9e6,
        createdBy: 'ann',
        comment: 'mine',
      });
      for (let step = 0; step < 200; step++) {
        await world.clock.advance(500);
        const member = world.cluster.members[randomBelow(random, 3)]!;
        const what = randomBelow(random, 40);
        if (what === 0) world.cluster.crash(member);
        else if (what === 1 || what === 2) {
          const down = world.cluster.members.find(({ up }) => !up);
          if (down !== undefined) world.cluster.restart(down);
        } else if (what === 3) member.cutOff = true;
        else if (what === 4 || what === 5) member.cutOff = false;
        else if (what === 6) world.startOperator();
        else if (what === 7) world.update({ matchers: [`alertname="A${randomBelow(random, 3)}"`] });
        else if (what === 8) world.clock.jumpWall(randomBelow(random, 4_000) - 2_000);
      }
      world.cluster.faults = noFaults;
      for (const member of world.cluster.members) {
        member.cutOff = false;
        if (!member.up) world.cluster.restart(member);
      }
      await world.clock.advance(120_000);
      expectInForce(world);
      const others = world.cluster.truth().filter(({ id }) => id === foreign);
      for (const silence of others) expect(silence.state).toBe('active');
    },
  );
});

test('sweeping expires what a gone object has left, and nothing else', async () => {
  const world = new World(10, noFaults);
  await world.clock.advance(20_000);
  const kept = world.live();
  const member = world.cluster.members[0]!;
  const leftover = {
    matchers: [],
    startsAtMs: world.clock.nowMs(),
    endsAtMs: world.clock.nowMs() + 9e6,
    createdBy: 'x',
  };
  const gone = world.cluster.create(member, {
    ...leftover,
    comment: 'x\n[promfleet silence shop/gone uid-gone]',
  });
  const foreign = world.cluster.create(member, { ...leftover, comment: 'promfleet silence shop/gone' });
  const reconciler = new SilenceReconciler({
    silences: { get: () => world.object, list: () => [world.object!] },
    clusters: () => [],
    allClusters: () => [],
    api: world.cluster.client(() => true),
    writer: { setStatus: async () => {}, setFinalizers: async () => {} },
    events: { emit: () => {} },
    clock: world.clock,
    platformNamespaces: new Set(),
  });
  const replicas = world.cluster.members.map(({ url }) => ({ name: url, url }));
  const sweeping = reconciler.sweep([{ namespace: 'monitoring', name: 'main', replicas }]);
  await world.clock.advance(5_000);
  expect(await sweeping).toBe(1);
  const states = new Map(world.cluster.truth().map(({ id, state }) => [id, state]));
  expect([states.get(gone), states.get(foreign), states.get(kept[0]!.id)]).toEqual([
    'expired',
    'active',
    'active',
  ]);
});
