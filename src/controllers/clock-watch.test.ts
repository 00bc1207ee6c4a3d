import { expect, it } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { watchClock } from './clock-watch.ts';

it('tells each jump of the wall clock once, and drifts together when they are one', async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const jumps: number[] = [];
  const running = watchClock(clock, stop.signal, (byMs) => jumps.push(byMs));
  await clock.advance(60_000);
  expect(jumps).toEqual([]);
  clock.jumpWall(-3_600_000);
  await clock.advance(60_000);
  expect(jumps).toEqual([-3_600_000]);
  for (let n = 0; n < 3; n++) {
    clock.jumpWall(900);
    await clock.advance(20_000);
  }
  expect(jumps).toEqual([-3_600_000, 2_700]);
  stop.abort();
  await running;
  expect(clock.sleepers).toBe(0);
});
