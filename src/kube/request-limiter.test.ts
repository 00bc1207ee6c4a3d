import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../test/support/virtual-clock.ts';
import { LimitExceededError } from '../base/errors.ts';
import { RequestLimiter } from './request-limiter.ts';

function make(options = {}) {
  const clock = new VirtualClock();
  const limiter = new RequestLimiter(
    { requestsPerSecond: 10, burst: 2, inFlight: 3, waiting: 100, ...options },
    clock,
  );
  const startedMs: number[] = [];
  const startMs = clock.monotonicMs();
  const run = (work: () => Promise<void> = async () => {}, signal?: AbortSignal) =>
    limiter.run(signal, () => {
      startedMs.push(clock.monotonicMs() - startMs);
      return work();
    });
  return { clock, limiter, startedMs, run };
}

describe('a request limiter', () => {
  it('lets a burst pass and then keeps the rate, first come first served', async () => {
    const { clock, startedMs, run } = make();
    const order: number[] = [];
    const all = [0, 1, 2, 3, 4].map((index) => run(async () => void order.push(index)));
    await clock.advance(1_000);
    await Promise.all(all);
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(startedMs.map(Math.round)).toEqual([0, 0, 100, 200, 300]);
    expect(clock.sleepers).toBe(0);
  });

  it('bounds how many run at the same time', async () => {
    const { clock, limiter, run } = make({ burst: 100 });
    const ends: (() => void)[] = [];
    const all = Array.from({ length: 5 }, () =>
      run(() => new Promise<void>((resolve) => ends.push(resolve))),
    );
    await settle();
    expect([limiter.inFlight, limiter.waiting]).toEqual([3, 2]);
    ends.shift()!();
    await settle();
    expect([limiter.inFlight, limiter.waiting]).toEqual([3, 1]);
    while (limiter.inFlight > 0) {
      for (const end of ends.splice(0)) end();
      await clock.advance(10);
    }
    await Promise.all(all);
  });

  it('forgets a waiter that gives up, and frees the place of one that fails', async () => {
    const { clock, limiter, run } = make({ burst: 1, requestsPerSecond: 1 });
    await expect(run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(limiter.inFlight).toBe(0);
    const gone = new AbortController();
    const waiting = run(undefined, gone.signal);
    const next = run();
    gone.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
    await clock.advance(1_000);
    await next;
    expect(limiter.waiting).toBe(0);
  });

  it('refuses more waiters than its limit', async () => {
    const { clock, run } = make({ burst: 1, waiting: 1 });
    await run();
    const waiting = run();
    await expect(run()).rejects.toThrow(LimitExceededError);
    await clock.advance(1_000);
    await waiting;
  });
});
