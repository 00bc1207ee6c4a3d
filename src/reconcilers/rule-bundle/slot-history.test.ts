import { expect, test } from 'vitest';
import { SlotHistory } from './slot-history.ts';

test('a replica on an older content is behind only for what changed since', () => {
  const history = new SlotHistory();
  const first = history.record('a');
  history.confirm('a');
  const second = history.record('b');
  expect(history.sequenceOf('a')).toBe(first);
  expect(history.sequenceOf('a')).toBeLessThan(second);
  expect(history.programmed).toBe(first);
  history.confirm('b');
  expect(history.programmed).toBe(second);
});

test('recording the same content again changes nothing', () => {
  const history = new SlotHistory();
  expect(history.record('a')).toBe(history.record('a'));
});

test('content that returns to an earlier text counts as the newest', () => {
  const history = new SlotHistory();
  history.record('a');
  const changed = history.record('b');
  const back = history.record('a');
  expect(back).toBeGreaterThan(changed);
  expect(history.sequenceOf('a')).toBe(back);
});

test('a hash that was never written, or long ago, counts as not loaded', () => {
  const history = new SlotHistory();
  for (let i = 0; i < 100; i++) history.record(`hash-${i}`);
  expect(history.sequenceOf('hash-0')).toBe(-1);
  expect(history.sequenceOf('hash-99')).toBe(100);
  expect(history.sequenceOf('unknown')).toBe(-1);
  expect(history.sequenceOf(undefined)).toBe(-1);
});
