import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { limits } from '../../base/limits.ts';
import type { Bucket } from './bucket.ts';
import { hedged } from './hedged-bucket.ts';

/** A store whose n-th read takes as long as `msOf` says; one that takes 0 fails. */
function storeOf(clock: VirtualClock, msOf: (read: number) => number) {
  const seen = { reads: 0, canceled: 0 };
  const bucket: Partial<Bucket> = {
    description: 'store',
    async getRange(_key, _offset, lengthBytes, signal) {
      const ms = msOf(++seen.reads);
      const number = seen.reads;
      if (ms === 0) throw new Error(`read ${number} failed`);
      await clock.sleep(ms, signal).catch((error: unknown) => {
        seen.canceled++;
        throw error;
      });
      return new Uint8Array(lengthBytes).fill(number);
    },
  };
  return { bucket: hedged(bucket as Bucket, clock), seen };
}

/** Reads so often that times are known, 10 ms each. */
async function warm(bucket: Bucket, clock: VirtualClock, reads: number): Promise<void> {
  for (let i = 0; i < reads; i++) {
    const read = bucket.getRange('k', 0, 100);
    await clock.advance(10);
    await read;
  }
}

describe('a hedged bucket', () => {
  it('asks a slow read again, gives the faster answer, and gives up the other', async () => {
    const clock = new VirtualClock();
    const { bucket, seen } = storeOf(clock, (read) => (read === 51 ? 60_000 : 10));
    await warm(bucket, clock, 50);
    const slow = bucket.getRange('k', 0, 100);
    await clock.advance(limits.hedgeLeastMs + 50);
    expect((await slow)[0]).toBe(52);
    expect(seen).toEqual({ reads: 52, canceled: 1 });
    expect(clock.sleepers).toBe(0);
  });

  it('asks once while it does not know how long reads take', async () => {
    const clock = new VirtualClock();
    const { bucket, seen } = storeOf(clock, () => 5000);
    const read = bucket.getRange('k', 0, 100);
    await clock.advance(6000);
    expect((await read)[0]).toBe(1);
    expect(seen.reads).toBe(1);
  });

  it('asks a store that is slow as a whole for little more', async () => {
    const clock = new VirtualClock();
    const { bucket, seen } = storeOf(clock, (read) => (read <= 50 ? 10 : 3000));
    await warm(bucket, clock, 50);
    const reads = Array.from({ length: 200 }, () => bucket.getRange('k', 0, 100));
    await clock.advance(10_000);
    await Promise.all(reads);
    expect(seen.reads - 250).toBeLessThanOrEqual(limits.hedgeBurst + 200 * limits.hedgeShare);
  });

  it('tells a fault at once, and of two that of the first', async () => {
    const clock = new VirtualClock();
    const { bucket } = storeOf(clock, (read) => (read === 51 ? 0 : 10));
    await warm(bucket, clock, 50);
    await expect(bucket.getRange('k', 0, 100)).rejects.toThrow('read 51 failed');
  });

  it('ends with the signal of who asks', async () => {
    const clock = new VirtualClock();
    const { bucket, seen } = storeOf(clock, (read) => (read > 50 ? 60_000 : 10));
    await warm(bucket, clock, 50);
    const gone = new AbortController();
    const read = bucket.getRange('k', 0, 100, gone.signal);
    const outcome = expect(read).rejects.toThrow('gone');
    await clock.advance(1000);
    gone.abort(new Error('gone'));
    await outcome;
    expect(seen).toEqual({ reads: 52, canceled: 2 });
    expect(clock.sleepers).toBe(0);
  });
});
