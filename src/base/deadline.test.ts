import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { linkAbort, withDeadline } from './deadline.ts';

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error('inner')), { once: true }),
  );

describe('a linked abort', () => {
  it('follows the first parent that aborts, and leaves no listener', () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const linked = linkAbort(a.signal, undefined, b.signal);
    b.abort('why');
    expect(linked.signal.reason).toBe('why');
    for (const { signal } of [a, b]) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('is aborted at once by a parent that is', () => {
    expect(linkAbort(AbortSignal.abort('early')).signal.reason).toBe('early');
  });

  it('no longer follows after its release', () => {
    const parent = new AbortController();
    const linked = linkAbort(parent.signal);
    linked.release();
    parent.abort();
    expect(linked.signal.aborted).toBe(false);
  });
});

describe('a deadline', () => {
  it('ends work that takes too long with its own error', async () => {
    const clock = new VirtualClock();
    const work = withDeadline(clock, 100, undefined, () => new Error('late'), untilAborted);
    const failed = expect(work).rejects.toThrow('late');
    await clock.advance(100);
    await failed;
  });

  it('hands over the reason of its parent', async () => {
    const clock = new VirtualClock();
    const parent = new AbortController();
    const work = withDeadline(clock, 100, parent.signal, () => new Error('late'), untilAborted);
    parent.abort(new Error('stop'));
    await expect(work).rejects.toThrow('stop');
  });

  it('leaves neither timer nor listener after the work', async () => {
    const clock = new VirtualClock();
    const parent = new AbortController();
    expect(
      await withDeadline(
        clock,
        100,
        parent.signal,
        () => new Error('late'),
        async () => 7,
      ),
    ).toBe(7);
    await clock.advance(0);
    expect(clock.sleepers).toBe(0);
    expect(getEventListeners(parent.signal, 'abort')).toHaveLength(0);
  });
});
