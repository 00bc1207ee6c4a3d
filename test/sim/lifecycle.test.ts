import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Random, randomBelow, seededRandom } from '../../src/base/random.ts';
import { FaultyBucket, Killed } from '../../src/storage-engine/bucket/testing/faulty-bucket.ts';
import { PausingBucket } from '../../src/storage-engine/bucket/testing/pausing-bucket.ts';
import type { Keep, RetentionDocument } from '../../src/storage-engine/format/retention-document.ts';
import {
  dayMs,
  hourMs,
  LifecycleWorld,
  minuteMs,
  originMs,
  type Seen,
} from '../../src/storage-engine/lifecycle/testing/lifecycle-world.ts';

/** A full run is `LIFECYCLE_SCHEDULES=1000` (in parts with `LIFECYCLE_FIRST`); one that failed is `LIFECYCLE_SEED=<its number>`. */
const first = Number(process.env.LIFECYCLE_FIRST ?? 1);
const schedules = Number(process.env.LIFECYCLE_SCHEDULES ?? 30);
const only = process.env.LIFECYCLE_SEED;
const seeds = only === undefined ? Array.from({ length: schedules }, (_, i) => first + i) : [Number(only)];

const users = ['ann', 'bob', 'cat', 'user-4711'];
const [fiveMinutesMs, slotMs] = [300_000, 8 * hourMs];
const resolutions = [fiveMinutesMs, hourMs];

/** What is in force for a user, by the document alone. */
function rulesFor(user: string, { policies, erasures, defaultKeep }: RetentionDocument) {
  const lists = policies.flatMap(({ rules }) => {
    const rule = rules.find(({ matchers }) => matchers[0]!.value === user);
    return rule === undefined ? [] : [rule.keep];
  });
  const own = erasures.filter(({ matchers }) => matchers[0]!.value === user);
  return {
    keep: lists[0] ?? defaultKeep,
    erasedUntilMs: Math.max(Number.NEGATIVE_INFINITY, ...own.map(({ untilMs }) => untilMs)),
  };
}

/** By resolution and user, times that a policy let go once: a later one that keeps them for longer brings nothing back. */
type Released = ReadonlyMap<number, ReadonlyMap<string, Set<number>>>;

function nothingReleased(): Released {
  return new Map([0, ...resolutions].map((each) => [each, new Map(users.map((user) => [user, new Set()]))]));
}

function release(released: Released, world: LifecycleWorld, document: RetentionDocument): void {
  for (const user of users) {
    const { keep } = rulesFor(user, document);
    if (keep === undefined) continue;
    for (const [resolutionMs, byUser] of released) {
      const found = keep.find((each) => each.resolutionMs === resolutionMs);
      const fromMs = found === undefined ? Number.POSITIVE_INFINITY : world.clock.nowMs() - found.durationMs;
      for (const time of world.given.get(user) ?? []) if (time < fromMs) byUser.get(user)!.add(time);
    }
  }
}

/** Faults of what is seen against what was acknowledged and what is in force. */
function judge(world: LifecycleWorld, seen: Seen, document: RetentionDocument, released: Released): string[] {
  const faults: string[] = [];
  const nowMs = world.clock.nowMs();
  for (const user of users) {
    const given = world.given.get(user) ?? new Set<number>();
    const { keep, erasedUntilMs } = rulesFor(user, document);
    const counts = new Map<number, number>();
    for (const time of seen.raw.get(user) ?? []) counts.set(time, (counts.get(time) ?? 0) + 1);
    const cutoff = (resolutionMs: number) => {
      const found = keep?.find((each) => each.resolutionMs === resolutionMs);
      return found === undefined ? Number.POSITIVE_INFINITY : nowMs - found.durationMs;
    };
    const isReleased = (resolutionMs: number, time: number) =>
      released.get(resolutionMs)!.get(user)!.has(time);
    const at = (time: number) => `${user} at ${(time - originMs) / minuteMs} min`;
    for (const time of counts.keys()) if (!given.has(time)) faults.push(`${at(time)} was never given`);
    /** By resolution and window, how many samples only that window stands for. */
    const hidden = new Map<number, Map<number, number>>(resolutions.map((each) => [each, new Map()]));
    for (const time of given) {
      const count = counts.get(time) ?? 0;
      if (time < erasedUntilMs) {
        if (count > 0) faults.push(`${at(time)} is erased and shown`);
        continue;
      }
      if (count > 1) faults.push(`${at(time)} is shown ${count} times`);
      if (keep === undefined || time >= cutoff(0)) {
        if (count === 0 && !isReleased(0, time)) faults.push(`${at(time)} is lost`);
        continue;
      }
      const coarser = resolutions.find((each) => time >= cutoff(each));
      if (coarser === undefined) {
        if (count > 0) faults.push(`${at(time)} is past and shown`);
      } else if (count === 0 && !isReleased(coarser, time)) {
        const windows = hidden.get(coarser)!;
        const window = Math.floor(time / coarser) * coarser;
        windows.set(window, (windows.get(window) ?? 0) + 1);
      }
    }
    for (const resolutionMs of resolutions) {
      const windows = seen.windows.get(resolutionMs)?.get(user) ?? new Map<number, number>();
      const whole = new Map<number, number>();
      for (const time of given) {
        const window = Math.floor(time / resolutionMs) * resolutionMs;
        whole.set(window, (whole.get(window) ?? 0) + 1);
      }
      for (const [window, count] of windows) {
        if (count > (whole.get(window) ?? 0))
          faults.push(`${at(window)} counts ${count} of ${whole.get(window) ?? 0} samples`);
        if (window < erasedUntilMs) faults.push(`${at(window)} is erased and shown by ${resolutionMs}`);
      }
      for (const [window, count] of hidden.get(resolutionMs)!)
        if ((windows.get(window) ?? 0) < count)
          faults.push(`${at(window)} of ${resolutionMs}: ${count} samples are nowhere`);
    }
  }
  return faults;
}

/** What is needed to understand a failed schedule: time, what is in force, and the blocks that readers see. */
function describeState({ clock }: LifecycleWorld, { blocks }: Seen, document: RetentionDocument): string {
  const hours = (time: number) => ((time - originMs) / hourMs).toFixed(1);
  const lines = blocks.map(({ ulid, minTime, maxTime, compaction, thanos }) =>
    [
      `${ulid} [${hours(minTime)}, ${hours(maxTime)}) ${thanos?.downsample.resolution}`,
      `${JSON.stringify(thanos?.labels)} of ${compaction.sources.map((each) => each.slice(-6)).join()}`,
      `rewrites ${JSON.stringify(thanos?.rewrites ?? [])} ${JSON.stringify(thanos?.extensions ?? {})}`,
    ].join(' '),
  );
  return [`now ${hours(clock.nowMs())}`, JSON.stringify(document), ...lines].join('\n');
}

function randomKeep(random: Random): Keep[] {
  const days = () => 20 + randomBelow(random, 25);
  const raw = { resolutionMs: 0, durationMs: days() * dayMs + randomBelow(random, 24) * hourMs };
  const list: Keep[] = random.next() < 0.9 ? [raw] : [];
  if (random.next() < 0.6) list.push({ resolutionMs: fiveMinutesMs, durationMs: (days() + 15) * dayMs });
  return list.length === 0 ? [raw] : list;
}

/** One history of a bucket: blocks that come in any order, policies that change, compactors that fail at every step. */
class Schedule {
  readonly world: LifecycleWorld;
  readonly random: Random;
  readonly seed: number;
  document: RetentionDocument | undefined;
  private readonly released = nothingReleased();
  private readonly isPair: boolean;
  private turn = 0;
  private readonly waiting: { slot: number; replica: string | undefined }[] = [];

  constructor(root: string, seed: number) {
    this.seed = seed;
    this.random = seededRandom(seed);
    this.world = new LifecycleWorld(root);
    this.isPair = this.random.next() < 0.3;
    const replicas = this.isPair ? ['a', 'b'] : [undefined];
    const slots = 3 + randomBelow(this.random, 13);
    for (let slot = 0; slot < slots; slot++)
      for (const replica of replicas) this.waiting.push({ slot, replica });
  }

  async run(): Promise<void> {
    const turns = 5 + randomBelow(this.random, 5);
    for (this.turn = 1; this.turn <= turns; this.turn++) {
      await this.arrive();
      if (this.random.next() < 0.5) await this.order();
      await this.compact();
      await this.check();
      this.world.clock.now += this.pick([20 * minuteMs, 2 * hourMs, 13 * hourMs, 50 * hourMs]);
      await this.check();
    }
    while (this.waiting.length > 0) await this.arrive();
    for (let pass = 0; pass < 4; pass++) {
      this.world.clock.now += pass === 0 ? hourMs : 50 * hourMs;
      const { quarantined } = await this.world.compactor(this.world.store, this.next()).pass();
      expect([...quarantined], this.name('sets aside')).toEqual([]);
      await this.check();
    }
    const isErased =
      this.document !== undefined &&
      rulesFor('user-4711', this.document).erasedUntilMs > originMs + 10 * dayMs;
    if (isErased) expect(await this.world.objectsWith('4711'), this.name('keeps erased text in')).toEqual([]);
  }

  private next(): number {
    return randomBelow(this.random, 2 ** 30);
  }

  private pick<T>(values: readonly T[]): T {
    return values[randomBelow(this.random, values.length)]!;
  }

  private name(what: string): string {
    return `schedule ${this.seed}, turn ${this.turn}: ${what}`;
  }

  /** Some blocks are shipped, mostly in order; some that were are delivered again. */
  private async arrive(): Promise<void> {
    const count = 1 + randomBelow(this.random, 7);
    for (let i = 0; i < count && this.waiting.length > 0; i++) {
      const at = this.random.next() < 0.8 ? 0 : randomBelow(this.random, this.waiting.length);
      const [{ slot, replica }] = this.waiting.splice(at, 1) as [(typeof this.waiting)[number]];
      await this.world.ship({
        fromMs: originMs + slot * slotMs,
        toMs: originMs + (slot + 1) * slotMs,
        users: users.filter((_, n) => n === 3 || (slot + n) % 5 !== 0),
        stepMs: 40 * minuteMs,
        ...(replica !== undefined && { replica }),
      });
    }
    if (!this.isPair && this.random.next() < 0.2) {
      // Out of order: a block of an hour inside of others. Of a pair one replica's sample may stand for the other's.
      const fromMs = originMs + randomBelow(this.random, 60) * hourMs;
      const offsetMs = (1 + this.turn) * minuteMs;
      await this.world.ship({
        fromMs,
        toMs: fromMs + hourMs,
        users: [this.pick(users)],
        stepMs: 17 * minuteMs,
        offsetMs,
      });
    }
    if (this.random.next() < 0.3) await this.world.deliver(this.pick([...this.world.shipped.keys()]));
  }

  /** Changes what is in force; erasures are left out of the order at times, and stay. */
  private async order(): Promise<void> {
    const { random, world } = this;
    if (this.document !== undefined) release(this.released, world, this.document);
    const rules = users
      .filter(() => random.next() < 0.4)
      .map((value) => ({ matchers: [{ name: 'user', op: '=' as const, value }], keep: randomKeep(random) }));
    const erasures = users
      .filter(() => random.next() < 0.2)
      .map((value) => ({
        id: `e${users.indexOf(value)}-${this.turn}`,
        matchers: [{ name: 'user', op: '=' as const, value }],
        untilMs: random.next() < 0.5 ? world.clock.nowMs() : originMs + (this.next() % (5 * dayMs)),
        requestedAtMs: world.clock.nowMs(),
        reason: 'r',
        policy: 'a/p',
      }));
    this.document = await world.publish({
      generation: (this.document?.generation ?? 0) + 1,
      policies: rules.length === 0 ? [] : [{ name: 'a/p', rules }],
      erasures,
      ...(random.next() < 0.3 && { defaultKeep: randomKeep(random) }),
    });
  }

  private async compact(): Promise<void> {
    const { random, world } = this;
    const rough = random.next() < 0.7;
    const faulty = new FaultyBucket(
      world.store,
      random,
      rough
        ? { refused: 0.004, lostAnswer: 0.01, staleList: 0.05, bitRot: 0.02, torn: 0.01, throttled: 0.002 }
        : {},
    );
    if (random.next() < 0.5) faulty.killAt = 1 + randomBelow(random, 400) + (random.next() < 0.5 ? 0 : 0.5);
    const full = random.next() < 0.1;
    const options = { freeBytes: async () => (full && random.next() < 0.5 ? 0 : 2 ** 40) };
    const pausing = new PausingBucket(faulty, random.next() < 0.3 ? 1 + randomBelow(random, 300) : 0);
    const pass = this.settled(world.compactor(pausing, this.next(), options).pass());
    await Promise.race([pass, pausing.paused]);
    // Where the first has stopped its lease runs out, and another goes on.
    world.clock.now += 11 * minuteMs;
    if (random.next() < 0.5) {
      await this.settled(world.compactor(world.store, this.next()).pass());
      await this.check();
      if (random.next() < 0.3) world.clock.now += 50 * hourMs;
    }
    pausing.resume();
    await pass;
  }

  private async settled(pass: Promise<unknown>): Promise<void> {
    try {
      await pass;
    } catch (error) {
      if (!(error instanceof Killed))
        expect(error, this.name('fails')).toMatchObject({ code: expect.any(String) });
    }
  }

  private async check(): Promise<void> {
    const document = this.document ?? (await this.none());
    const seen = await this.world.look();
    const faults = judge(this.world, seen, document, this.released);
    const state = () => `shows\n${describeState(this.world, seen, document)}\n`;
    expect(faults.slice(0, 5), faults.length === 0 ? '' : this.name(state())).toEqual([]);
  }

  private async none(): Promise<RetentionDocument> {
    return { version: 1, generation: 0, writtenAtMs: 0, stack: '', scope: {}, policies: [], erasures: [] };
  }
}

describe('the life of a bucket', () => {
  // In memory where the machine has such a folder: thousands of blocks to a disk take minutes.
  const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lifecycle-sim-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it(`shows every acknowledged sample once at its resolution and nothing that is past or erased (${seeds.length} schedules)`, {
    timeout: 60 * 60_000,
  }, async () => {
    for (const seed of seeds) {
      const schedule = new Schedule(root, seed);
      try {
        await schedule.run();
      } finally {
        schedule.world.remove();
      }
    }
  });
});
