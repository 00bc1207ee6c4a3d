import { expect, test } from 'vitest';
import { HeldQueues } from './held-queues.ts';

test('keys wait until they are released, each once, and are passed on at once from then on', () => {
  const seen: string[] = [];
  const note = (name: string) => (key: string, delayMs?: number) =>
    void seen.push(`${name} ${key}${delayMs === undefined ? '' : ` after ${delayMs}`}`);
  const queues = new HeldQueues({
    stack: note('stack'),
    ruleSet: note('ruleSet'),
    route: note('route'),
    silence: note('silence'),
    policy: note('policy'),
  });
  queues.stack('a/main', 20);
  queues.stack('a/main');
  queues.ruleSet('a/r');
  queues.route('a/r');
  queues.silence('a/s');
  queues.policy('a/p');
  expect(seen).toEqual([]);
  const waiting = queues.release();
  // What is added while those are passed on does not wait for them.
  queues.stack('a/other', 20);
  for (const pass of waiting) pass();
  expect(seen).toEqual([
    'stack a/other after 20',
    'stack a/main',
    'ruleSet a/r',
    'route a/r',
    'silence a/s',
    'policy a/p',
  ]);
});
