import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Erasure } from '../../format/retention-document.ts';
import { dayMs, hourMs, LifecycleWorld, minuteMs, originMs } from '../testing/lifecycle-world.ts';
import { readLooked } from './looked-blocks.ts';

const root = mkdtempSync(join(tmpdir(), 'rewrites-'));
afterAll(() => rmSync(root, { recursive: true, force: true }), 60_000);

const erasureOf = (user: string, untilMs: number): Erasure => ({
  id: `erase-${user.slice(0, 2)}`,
  matchers: [{ name: 'user', op: '=', value: user }],
  untilMs,
  requestedAtMs: untilMs,
  reason: 'r',
  policy: 'a/p',
});
const keep = (resolutionMs: number, days: number) => ({ resolutionMs, durationMs: days * dayMs });

/** Blocks of eight hours over some days, three users in each. */
async function filled(days: number): Promise<LifecycleWorld> {
  const world = new LifecycleWorld(root);
  for (let from = 0; from < days * 24; from += 8)
    await world.ship({
      fromMs: originMs + from * hourMs,
      toMs: originMs + (from + 8) * hourMs,
      users: ['ann', 'bob', 'user-4711'],
      stepMs: 20 * minuteMs,
    });
  return world;
}

describe('a compactor with retention', { timeout: 120_000 }, () => {
  it('leaves no trace of an erased series once old blocks are deleted, aggregates and symbols included', async () => {
    const world = await filled(4);
    await world.compactor(world.store, 1).pass();
    const before = await world.look();
    expect(before.windows.get(300_000)?.get('user-4711')?.size).toBeGreaterThan(0);
    const { now } = world.clock;
    await world.publish({ erasures: [erasureOf('user-4711', now)] });
    const report = await world.compactor(world.store, 2).pass();
    expect([...report.quarantined.values()]).toEqual([]);
    expect(report.rewritten).toBe(before.blocks.length);
    const after = await world.look();
    expect(after.raw.has('user-4711')).toBe(false);
    for (const user of ['ann', 'bob']) {
      expect(after.raw.get(user)?.sort()).toEqual(before.raw.get(user)?.sort());
      expect(after.windows.get(300_000)?.get(user)).toEqual(before.windows.get(300_000)?.get(user));
    }
    for (const { ulid, compaction, thanos } of after.blocks) {
      expect(compaction.sources).toEqual([ulid]);
      expect(thanos?.rewrites).toHaveLength(1);
      expect(thanos?.extensions).toMatchObject({ promfleet: { block: ulid, erasures: ['erase-us'] } });
    }
    world.clock.now += 49 * hourMs;
    await world.compactor(world.store, 3).pass();
    expect(await world.objectsWith('4711')).toEqual([]);
    world.clock.now += 49 * hourMs;
    expect(await world.compactor(world.store, 4).pass()).toMatchObject({ rewritten: 0, downsampled: 0 });
    expect((await world.look()).raw.get('ann')?.sort()).toEqual(before.raw.get('ann')?.sort());
    world.remove();
  });

  it('brings nothing erased back: not from a block that comes late or again, nor when the entry is removed', async () => {
    const world = await filled(2);
    const [again] = world.shipped.keys();
    await world.publish({ erasures: [erasureOf('user-4711', world.clock.now)] });
    await world.compactor(world.store, 1).pass();
    world.clock.now += 49 * hourMs;
    await world.compactor(world.store, 2).pass();
    await world.publish({ generation: 2, erasures: [] });
    await world.deliver(again!);
    await world.ship({
      fromMs: originMs + hourMs,
      toMs: originMs + 2 * hourMs,
      users: ['user-4711', 'zoe'],
      stepMs: 7 * minuteMs,
    });
    const seen = await world.look();
    expect(seen.raw.has('zoe')).toBe(true);
    expect(seen.raw.get('user-4711') ?? []).toEqual([]);
    world.clock.now += hourMs;
    await world.compactor(world.store, 3).pass();
    world.clock.now += 49 * hourMs;
    await world.compactor(world.store, 4).pass();
    expect(await world.objectsWith('4711')).toEqual([]);
    expect(new Set((await world.look()).raw.get('ann'))).toEqual(world.given.get('ann'));
    world.remove();
  });

  it('rewrites a block once for a rule by which all of it is past, and looks into none twice', async () => {
    const world = await filled(4);
    await world.compactor(world.store, 1).pass();
    const rule = (user: string, days: number) => ({
      name: `a/${user}`,
      rules: [{ matchers: [{ name: 'user', op: '=' as const, value: user }], keep: [keep(0, days)] }],
    });
    await world.publish({ policies: [rule('bob', 1), rule('nobody', 1)] });
    const first = await world.compactor(world.store, 2).pass();
    expect(first.rewritten).toBeGreaterThan(0);
    const seen = await world.look();
    expect(seen.raw.get('bob') ?? []).toEqual([]);
    expect(new Set(seen.raw.get('ann'))).toEqual(world.given.get('ann'));
    // Resolutions that the rule does not keep go too.
    expect(seen.windows.get(300_000)?.get('bob')?.size ?? 0).toBe(0);
    expect(seen.windows.get(300_000)?.get('ann')?.size).toBeGreaterThan(0);
    const same = world.compactor(world.store, 3);
    expect(await same.pass()).toMatchObject({ rewritten: 0 });
    await world.publish({ generation: 2, policies: [rule('bob', 1), rule('nobody', 1), rule('nil', 1)] });
    expect(await same.pass()).toMatchObject({ rewritten: 0 });
    expect((await readLooked(world.store)).size).toBeGreaterThan(0);
    world.remove();
  });

  it('keeps raw samples until the coarser resolution has them, a late block included', async () => {
    const world = await filled(4);
    await world.publish({ defaultKeep: [keep(0, 1), keep(300_000, 365)] });
    const compactor = world.compactor(world.store, 1);
    await compactor.pass();
    world.clock.now += 49 * hourMs;
    await compactor.pass();
    expect((await world.look()).windows.get(300_000)?.get('ann')?.size).toBeGreaterThan(0);
    await world.ship({
      fromMs: originMs,
      toMs: originMs + hourMs,
      offsetMs: minuteMs,
      users: ['ann'],
      stepMs: 20 * minuteMs,
    });
    const early = (await world.look()).raw.get('ann')?.filter((time) => time < originMs + hourMs);
    expect(early).toEqual([1, 21, 41].map((m) => originMs + m * minuteMs));
    world.remove();
  });

  it('marks a block of which nothing is left, and its mark holds beside those of its originals', async () => {
    const world = await filled(2);
    await world.compactor(world.store, 1).pass();
    const users = ['ann', 'bob', 'user-4711'];
    for (const [at, user] of users.entries()) {
      await world.publish({
        generation: at + 1,
        erasures: users.slice(0, at + 1).map((each) => erasureOf(each, world.clock.now)),
      });
      await world.compactor(world.store, 10 + at).pass();
      expect((await world.look()).raw.get(user) ?? []).toEqual([]);
      world.clock.now += 5 * hourMs;
    }
    for (let turn = 0; turn < 3; turn++) {
      world.clock.now += 45 * hourMs;
      await world.compactor(world.store, 20 + turn).pass();
    }
    expect(await world.objectsWith('4711')).toEqual([]);
    expect((await world.look()).blocks).toEqual([]);
    world.remove();
  });

  it('sets a group aside where the disk is full, before it begins and while it writes, and takes nothing for done', async () => {
    for (const full of ['before', 'while'] as const) {
      const world = new LifecycleWorld(root);
      for (const replica of ['a', 'b'])
        await world.ship({
          fromMs: originMs,
          toMs: originMs + 8 * hourMs,
          users: ['ann'],
          stepMs: 20 * minuteMs,
          replica,
        });
      const noSpace = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      const { quarantined, compacted } = await world
        .compactor(world.store, 1, {
          ...(full === 'before' && { freeBytes: async () => 10 }),
          ...(full === 'while' && {
            pool: { width: 1, run: () => Promise.reject(noSpace), close: async () => undefined },
          }),
        })
        .pass();
      expect(compacted).toBe(0);
      expect([...quarantined.values()].join()).toContain('DiskFull');
      expect(await world.compactor(world.store, 2).pass()).toMatchObject({ compacted: 1 });
      expect(new Set((await world.look()).raw.get('ann'))).toEqual(world.given.get('ann'));
      world.remove();
    }
  });
});
