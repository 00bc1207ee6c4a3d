import { expect, it } from 'vitest';
import { settle, VirtualClock } from '../../../test/support/virtual-clock.ts';
import { Deadlines } from './deadlines.ts';

it('short times are over at once, long ones a little later, those taken back never, and then nothing sleeps', async () => {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  const over: string[] = [];
  const after = (ms: number, name: string) => deadlines.after(ms, () => over.push(name));
  after(100, 'short');
  after(60_000, 'long');
  const takeLong = after(50_000, 'long, taken back');
  const takeShort = after(90, 'short, taken back');
  after(120_000, 'longer');
  takeShort();
  await clock.advance(100);
  expect(over).toEqual(['short']);
  takeLong();
  await clock.advance(61_000);
  expect(over).toEqual(['short', 'long']);
  await clock.advance(60_000);
  expect(over).toEqual(['short', 'long', 'longer']);
  await settle();
  expect(clock.sleepers).toBe(0);
});
