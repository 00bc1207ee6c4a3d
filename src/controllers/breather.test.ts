import { expect, test } from 'vitest';
import { limits } from '../base/limits.ts';
import { TurnBreather } from './breather.ts';

/** A clock that moves only by work. */
function workClock() {
  let nowMs = 0;
  const sleep = async () => {};
  return {
    work: (ms: number) => {
      nowMs += ms;
    },
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep,
  };
}

test('nothing is held for longer than a turn and one piece of work, however many take turns', async () => {
  const clock = workClock();
  const breather = new TurnBreather(clock);
  let sinceMs = 0;
  let longestMs = 0;
  let isDone = false;
  const watchTurns = () => {
    longestMs = Math.max(longestMs, clock.monotonicMs() - sinceMs);
    sinceMs = clock.monotonicMs();
    if (!isDone) setImmediate(watchTurns);
  };
  setImmediate(watchTurns);
  const pieceMs = 1;
  const hand = async () => {
    for (let piece = 0; piece < 20; piece++) {
      for (let turn = breather.wait(); turn !== undefined; turn = breather.wait()) await turn;
      clock.work(pieceMs);
    }
  };
  await Promise.all(Array.from({ length: 36 }, hand));
  isDone = true;
  expect(clock.monotonicMs()).toBe(36 * 20 * pieceMs);
  expect(longestMs).toBeLessThanOrEqual(limits.turnMs + pieceMs);
});
