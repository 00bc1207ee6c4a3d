import { expect, test } from 'vitest';
import { parseGoDuration, parsePrometheusDuration } from './duration.ts';

test.each([
  ['0', 0],
  ['1m30s', 90_000],
  ['1y2w3d4h5m6s7ms', (365 + 14 + 3) * 86_400_000 + 14_706_007],
  ['', undefined],
  ['5', undefined],
  ['1.5s', undefined],
  ['1s1m', undefined],
  ['300y', undefined],
])('the Prometheus duration %s lasts %s ms', (text, lengthMs) => {
  expect(parsePrometheusDuration(text)).toBe(lengthMs);
});

test.each([
  ['0', 0],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['.5m', 30_000],
  ['1d', undefined],
  ['-1s', undefined],
  ['5', undefined],
  ['', undefined],
])('the Go duration %s lasts %s ms', (text, lengthMs) => {
  expect(parseGoDuration(text)).toBe(lengthMs);
});
