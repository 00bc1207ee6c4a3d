import { describe, expect, it } from 'vitest';
import { planSweep, type SweepCandidate } from './sweep-plan.ts';

const hourMs = 3_600_000;
const delays = { deletionDelayMs: 48 * hourMs, partialDelayMs: 24 * hourMs };
const nowMs = 1000 * hourMs;

/** Ages in hours. */
const folder = (parts: { marked?: number; newest: number; hasMeta: boolean }): SweepCandidate => ({
  ulid: 'A',
  sizeBytes: 7,
  hasMeta: parts.hasMeta,
  markedMs: parts.marked === undefined ? undefined : nowMs - parts.marked * hourMs,
  modifiedMs: nowMs - parts.newest * hourMs,
});

describe('a folder of the bucket', () => {
  it.each<[string, Parameters<typeof folder>[0], 'due' | 'later' | 'stays']>([
    ['that is a whole block stays, however old', { newest: 900, hasMeta: true }, 'stays'],
    ['that was just marked waits', { marked: 0, newest: 900, hasMeta: true }, 'later'],
    ['whose mark is about to be old enough waits', { marked: 47.9, newest: 900, hasMeta: true }, 'later'],
    ['whose mark is old enough goes', { marked: 48, newest: 900, hasMeta: true }, 'due'],
    ['whose mark is far older goes', { marked: 900, newest: 900, hasMeta: true }, 'due'],
    ['marked by a clock that is ahead waits', { marked: -5, newest: 900, hasMeta: true }, 'later'],
    ['that is being uploaded waits', { newest: 0, hasMeta: false }, 'later'],
    ['that nobody has completed for long goes', { newest: 24, hasMeta: false }, 'due'],
    [
      'that is a deletion cut short waits as its mark does',
      { marked: 1, newest: 900, hasMeta: false },
      'later',
    ],
    ['that is an old deletion cut short goes', { marked: 48, newest: 1, hasMeta: false }, 'due'],
  ])('%s', (_name, parts, expected) => {
    const { due, later } = planSweep([folder(parts)], nowMs, delays);
    expect([due.length, later.length]).toEqual({ due: [1, 0], later: [0, 1], stays: [0, 0] }[expected]);
  });
});
