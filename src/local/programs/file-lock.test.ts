import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { withFileLock } from './file-lock.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promfleet-lock-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('only who finds the lock held is told to wait, once, and comes next', async () => {
  const path = join(folder, 'lock');
  const order: string[] = [];
  let leave = () => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  let enter = () => {};
  const entered = new Promise<void>((resolve) => {
    enter = resolve;
  });
  const first = withFileLock(
    path,
    systemClock,
    async () => {
      order.push('first');
      enter();
      await left;
    },
    () => order.push('first waits'),
  );
  await entered;
  const second = withFileLock(
    path,
    systemClock,
    async () => {
      order.push('second');
    },
    () => {
      order.push('second waits');
      leave();
    },
  );
  await Promise.all([first, second]);
  expect(order).toEqual(['first', 'second waits', 'second']);
});
