import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../test/support/virtual-clock.ts';
import { LimitExceededError } from '../base/errors.ts';
import { seededRandom } from '../base/random.ts';
import { KeyQueue, type KeyQueueOptions } from './key-queue.ts';

const never = new AbortController().signal;

function make(options: Partial<KeyQueueOptions> = {}) {
  const clock = new VirtualClock();
  return { clock, queue: new KeyQueue({ clock, random: seededRandom(1), ...options }) };
}

async function takeAll(queue: KeyQueue): Promise<string[]> {
  const keys: string[] = [];
  while (queue.depth > 0) keys.push(await queue.take(never));
  return keys;
}

describe('a key', () => {
  it('that is added many times is given once', async () => {
    const { queue } = make();
    for (let i = 0; i < 3; i++) queue.add('a/x');
    expect(await takeAll(queue)).toEqual(['a/x']);
  });

  it('that is added while in work comes again only after it is done', async () => {
    const { queue } = make();
    queue.add('a/x');
    await queue.take(never);
    queue.add('a/x');
    expect(queue.depth).toBe(0);
    queue.done('a/x');
    expect(await takeAll(queue)).toEqual(['a/x']);
  });

  it('that fails comes back later each time, until it is forgotten', async () => {
    const { clock, queue } = make({ backoff: { firstDelayMs: 100, maxDelayMs: 1_000 } });
    const delays = Array.from({ length: 6 }, () => queue.addFailed('a/x'));
    delays.forEach((delayMs, index) => {
      const fullMs = Math.min(1_000, 100 * 2 ** index);
      expect(delayMs).toBeGreaterThanOrEqual(fullMs / 2);
      expect(delayMs).toBeLessThanOrEqual(fullMs);
    });
    expect(queue.failuresOf('a/x')).toBe(6);
    queue.forget('a/x');
    expect(queue.addFailed('a/x')).toBeLessThanOrEqual(100);
    await clock.advance(1_000);
    expect(await takeAll(queue)).toEqual(['a/x']);
  });

  it('with two delays comes at the earlier one', async () => {
    const { clock, queue } = make();
    queue.addAfter('a/x', 5_000);
    queue.addAfter('a/x', 1_000);
    queue.addAfter('a/x', 9_000);
    await clock.advance(999);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(await takeAll(queue)).toEqual(['a/x']);
    expect(queue.delayed).toBe(0);
    expect(clock.sleepers).toBe(0);
  });
});

describe('a queue', () => {
  it('serves namespaces in turn, so that a large one delays none', async () => {
    const { queue } = make();
    for (let i = 0; i < 1_000; i++) queue.add(`large/${i}`);
    queue.add('small/x');
    queue.add('tiny/y');
    const order = await takeAll(queue);
    expect(order.indexOf('small/x')).toBeLessThan(3);
    expect(order.indexOf('tiny/y')).toBeLessThan(3);
    expect(order.filter((key) => key.startsWith('large/'))).toEqual(
      Array.from({ length: 1_000 }, (_, i) => `large/${i}`),
    );
  });

  it('refuses more keys than its limit, and keeps delayed ones until there is room', async () => {
    const { clock, queue } = make({ maxKeys: 2 });
    queue.addAfter('a/3', 10);
    queue.add('a/1');
    queue.add('a/2');
    expect(() => queue.add('a/4')).toThrow(LimitExceededError);
    await clock.advance(100);
    expect(await takeAll(queue)).toEqual(['a/1', 'a/2']);
    await clock.advance(2_000);
    expect(await takeAll(queue)).toEqual(['a/3']);
  });

  it('wakes a waiting taker, and lets go of one that gives up', async () => {
    const { queue } = make();
    const gone = new AbortController();
    const first = queue.take(gone.signal);
    const second = queue.take(never);
    gone.abort(new Error('stop'));
    await expect(first).rejects.toThrow('stop');
    queue.add('a/x');
    expect(await second).toBe('a/x');
  });

  it('that is closed refuses takers and leaves no timer', async () => {
    const { clock, queue } = make();
    queue.addAfter('a/x', 1_000);
    const waiting = queue.take(never);
    queue.close();
    await expect(waiting).rejects.toThrow('closed');
    await settle();
    expect(clock.sleepers).toBe(0);
  });

  it('treats ending what was never taken as a defect', () => {
    expect(() => make().queue.done('a/x')).toThrow(/^BUG:/);
  });
});

type Step =
  | { readonly do: 'add' | 'fail'; readonly key: string }
  | { readonly do: 'later'; readonly key: string; readonly delayMs: number }
  | { readonly do: 'take' | 'done' }
  | { readonly do: 'pass'; readonly durationMs: number };

const key = fc
  .tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 4 }))
  .map(([ns, n]) => `${ns}/${n}`);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), key }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('later' as const),
      key,
      delayMs: fc.integer({ min: 0, max: 500 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('take' as const, 'done' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('pass' as const), durationMs: fc.integer({ min: 0, max: 400 }) }),
  },
);

describe('over any schedule', () => {
  it('no key is in work twice, none is lost, none comes without being asked for', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        const { clock, queue } = make();
        const inWork: string[] = [];
        /** Keys that must be given out from a time on, in ms. */
        const owed = new Map<string, number>();
        const asked = new Map<string, number>();
        const given = new Map<string, number>();
        const count = (counts: Map<string, number>, of: string) => counts.set(of, (counts.get(of) ?? 0) + 1);
        /** `delayMs` 0: from now on. When an earlier time stands already, that one counts. */
        const owe = (of: string, ask: () => number) => {
          count(asked, of);
          const delayedBefore = queue.delayed;
          const delayMs = ask();
          const dueMs = clock.monotonicMs() + delayMs;
          const isNewTime = delayMs === 0 || queue.delayed > delayedBefore;
          owed.set(of, isNewTime ? Math.max(owed.get(of) ?? 0, dueMs) : clock.monotonicMs());
        };
        const take = async () => {
          const taken = await queue.take(never);
          expect(inWork).not.toContain(taken);
          count(given, taken);
          expect(given.get(taken)!).toBeLessThanOrEqual(asked.get(taken) ?? 0);
          if ((owed.get(taken) ?? 0) <= clock.monotonicMs()) owed.delete(taken);
          inWork.push(taken);
        };
        for (const each of steps) {
          if (each.do === 'add') {
            owe(each.key, () => {
              queue.add(each.key);
              return 0;
            });
          }
          if (each.do === 'fail') owe(each.key, () => queue.addFailed(each.key));
          if (each.do === 'later') {
            owe(each.key, () => {
              queue.addAfter(each.key, each.delayMs);
              return each.delayMs;
            });
          }
          if (each.do === 'take' && queue.depth > 0) await take();
          if (each.do === 'done' && inWork.length > 0) queue.done(inWork.shift()!);
          if (each.do === 'pass') await clock.advance(each.durationMs);
        }
        for (const done of inWork.splice(0)) queue.done(done);
        await clock.advance(3_600_000);
        while (queue.depth > 0) {
          await take();
          queue.done(inWork.pop()!);
        }
        expect([...owed.keys()]).toEqual([]);
        expect(clock.sleepers).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('each namespace with keys is served once before any is served twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key, { maxLength: 15 }), async (keys) => {
        const { queue } = make();
        for (const each of keys) queue.add(each);
        const order = await takeAll(queue);
        expect([...order].sort()).toEqual([...keys].sort());
        const counts = new Map<string, number>();
        order.forEach((each, index) => {
          const namespace = each.split('/')[0]!;
          counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
          const stillWaiting = new Set(order.slice(index + 1).map((rest) => rest.split('/')[0]!));
          for (const other of stillWaiting) {
            expect(counts.get(namespace)! - (counts.get(other) ?? 0)).toBeLessThanOrEqual(1);
          }
        });
      }),
      { numRuns: 100 },
    );
  });
});
