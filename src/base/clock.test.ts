import { describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';

describe('systemClock.sleep', () => {
  it('resolves after the delay on the monotonic clock', async () => {
    const started = systemClock.monotonicMs();
    await systemClock.sleep(20);
    expect(systemClock.monotonicMs() - started).toBeGreaterThanOrEqual(19);
  });

  it('rejects with the reason of an abort, before or during the sleep', async () => {
    const reason = new Error('stop');
    await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const sleeping = systemClock.sleep(60_000, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
  });
});
