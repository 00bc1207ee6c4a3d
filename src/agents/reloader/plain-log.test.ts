import { expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { plainLogger } from './plain-log.ts';

function logged(level: string): {
  log: ReturnType<typeof plainLogger>;
  lines: () => Record<string, unknown>[];
} {
  let text = '';
  const clock = { ...systemClock, nowMs: () => 0 };
  const log = plainLogger({ level, name: 'reloader', clock, write: (line) => (text += line) });
  return {
    log,
    lines: () =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
  };
}

test('a line has time, level, name, fields and message', () => {
  const { log, lines } = logged('info');
  log.debug({ a: 1 }, 'unseen');
  log.child({ pod: 'p' }).warn({ a: 1 }, 'seen');
  log.info('alone');
  const common = { time: '1970-01-01T00:00:00.000Z', name: 'reloader' };
  expect(lines()).toEqual([
    { level: 40, ...common, pod: 'p', a: 1, msg: 'seen' },
    { level: 30, ...common, msg: 'alone' },
  ]);
});

test('values of fields that may hold a credential are never written, at any depth', () => {
  const { log, lines } = logged('info');
  log.info({ token: 'hunter2', object: { data: { key: 'hunter2' } } }, 'x');
  expect(JSON.stringify(lines())).not.toContain('hunter2');
});
