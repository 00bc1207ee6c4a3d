import { describe, expect, test } from 'vitest';
import { type Cron, occurrences, parseCron } from './cron.ts';

function starts(text: string, timeZone: string, from: string, to: string): string[] {
  const cron = parseCron(text);
  if ('fault' in cron) throw new Error(cron.fault);
  return occurrences(cron, timeZone, Date.parse(from), Date.parse(to), 1000).map((at) =>
    new Date(at).toISOString().slice(0, 16),
  );
}

test.each([
  ['0 2 * * 0', 'UTC', '2026-11-20T00:00Z', '2026-12-01T00:00Z', ['2026-11-22T02:00', '2026-11-29T02:00']],
  [
    '*/20 9-10 * * mon-fri',
    'UTC',
    '2026-11-20T00:00Z',
    '2026-11-23T00:00Z',
    [
      '2026-11-20T09:00',
      '2026-11-20T09:20',
      '2026-11-20T09:40',
      '2026-11-20T10:00',
      '2026-11-20T10:20',
      '2026-11-20T10:40',
    ],
  ],
  [
    '30 22 1,15 jan,jul ?',
    'UTC',
    '2026-01-01T00:00Z',
    '2027-01-01T00:00Z',
    ['2026-01-01T22:30', '2026-01-15T22:30', '2026-07-01T22:30', '2026-07-15T22:30'],
  ],
  [
    '0 0 13 * 5',
    'UTC',
    '2026-11-01T00:00Z',
    '2026-11-21T00:00Z',
    ['2026-11-06T00:00', '2026-11-13T00:00', '2026-11-20T00:00'],
  ],
  ['0 0 29 2 *', 'UTC', '2026-01-01T00:00Z', '2029-01-01T00:00Z', ['2028-02-29T00:00']],
  ['0 0 * * 7', 'UTC', '2026-11-20T00:00Z', '2026-11-24T00:00Z', ['2026-11-22T00:00']],
  [
    '5/20 0 * * *',
    'UTC',
    '2026-11-20T00:00Z',
    '2026-11-21T00:00Z',
    ['2026-11-20T00:05', '2026-11-20T00:25', '2026-11-20T00:45'],
  ],
  ['0 2 * * *', 'Asia/Kolkata', '2026-11-20T00:00Z', '2026-11-21T00:00Z', ['2026-11-20T20:30']],
  ['0 2 * * *', 'America/New_York', '2026-11-20T00:00Z', '2026-11-21T00:00Z', ['2026-11-20T07:00']],
  ['0 12 * * *', 'Pacific/Kiritimati', '2026-11-20T00:00Z', '2026-11-21T00:00Z', ['2026-11-20T22:00']],
])('%s in %s', (text, timeZone, from, to, expected) => {
  expect(starts(text, timeZone, from, to)).toEqual(expected);
});

describe('where clocks are changed', () => {
  test.each([
    // Berlin: 2026-03-29 02:00 becomes 03:00; 2026-10-25 03:00 becomes 02:00.
    [
      'a start in the gap comes at its end',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-03-28',
      '2026-03-31',
      ['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30'],
    ],
    [
      'a start at the beginning of the gap comes at its end',
      '0 2 * * *',
      'Europe/Berlin',
      '2026-03-29',
      '2026-03-30',
      ['2026-03-29T01:00'],
    ],
    [
      'two starts in the gap become one',
      '0,30 2 * * *',
      'Europe/Berlin',
      '2026-03-29',
      '2026-03-30',
      ['2026-03-29T01:00'],
    ],
    [
      'a start in the repeated hour comes once',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-10-24',
      '2026-10-27',
      ['2026-10-24T00:30', '2026-10-25T00:30', '2026-10-26T01:30'],
    ],
    [
      'every hour follows real time when clocks go back',
      '15 * * * *',
      'Europe/Berlin',
      '2026-10-24T23:00Z',
      '2026-10-25T03:00Z',
      ['2026-10-24T23:15', '2026-10-25T00:15', '2026-10-25T01:15', '2026-10-25T02:15'],
    ],
    [
      'every hour follows real time when clocks go forward',
      '15 * * * *',
      'Europe/Berlin',
      '2026-03-28T23:00Z',
      '2026-03-29T03:00Z',
      ['2026-03-28T23:15', '2026-03-29T00:15', '2026-03-29T01:15', '2026-03-29T02:15'],
    ],
    // Lord Howe: half an hour; 2026-10-04 02:00 becomes 02:30.
    [
      'half an hour is a gap too',
      '15 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-03T00:00Z',
      '2026-10-04T00:00Z',
      ['2026-10-03T15:30'],
    ],
    // Midnight itself is skipped in Beirut on 2026-03-29.
    [
      'midnight may be missing',
      '0 0 * * *',
      'Asia/Beirut',
      '2026-03-28T12:00Z',
      '2026-03-29T12:00Z',
      ['2026-03-28T22:00'],
    ],
  ])('%s', (_name, text, timeZone, from, to, expected) => {
    expect(starts(text, timeZone, from, to)).toEqual(expected);
  });
});

test.each([
  ['* * * *', 'five'],
  ['60 * * * *', 'out of range'],
  ['* 24 * * *', 'out of range'],
  ['* * 0 * *', 'out of range'],
  ['* * * 13 *', 'out of range'],
  ['* * * * 8', 'out of range'],
  ['5-3 * * * *', 'out of range'],
  ['*/0 * * * *', 'cannot be read'],
  ['a * * * *', 'cannot be read'],
  ['* * * * funday', 'cannot be read'],
  ['1,,2 * * * *', 'cannot be read'],
  ['* * L * *', 'cannot be read'],
])('%s is refused', (text, message) => {
  expect((parseCron(text) as { fault: string }).fault).toContain(message);
});

test('a limit ends the search', () => {
  expect(occurrences(parseCron('* * * * *') as Cron, 'UTC', 0, 86_400_000, 5)).toHaveLength(5);
});
