import { expect, test } from 'vitest';
import type { SilenceSpec } from '../../crds/silence.ts';
import { planWindows } from './windows.ts';

const at = (text: string) => Date.parse(`2026-11-${text}Z`);
const created = at('20T12:00');

function plan(spec: Partial<SilenceSpec>, now: string) {
  const { windows, next, faults } = planWindows({ matchers: [], comment: '', ...spec }, created, at(now));
  const show = ({ startsAtMs, endsAtMs }: { startsAtMs: number; endsAtMs: number }) =>
    `${new Date(startsAtMs).toISOString().slice(8, 16)}/${new Date(endsAtMs).toISOString().slice(8, 16)}`;
  return { windows: windows.map(show), next: next === undefined ? undefined : show(next), faults };
}

test.each<[string, Partial<SilenceSpec>, string]>([
  ['from creation for a duration', { duration: '2h' }, '20T12:00/20T14:00'],
  [
    'from its start for a duration',
    { startsAt: '2026-11-21T00:00:00Z', duration: '8h' },
    '21T00:00/21T08:00',
  ],
  [
    'from its start to its end',
    { startsAt: '2026-11-21T00:00:00+01:00', endsAt: '2026-11-21T06:00:00Z' },
    '20T23:00/21T06:00',
  ],
  ['from creation to its end', { endsAt: '2026-11-20T13:00:00Z' }, '20T12:00/20T13:00'],
])('one window %s', (_name, spec, window) => {
  expect(plan(spec, '20T12:30')).toEqual({ windows: [window], next: window, faults: [] });
});

const nightly = { schedule: { cron: '0 2 * * *', duration: '1h', timeZone: 'UTC' } };

test.each<[string, Partial<SilenceSpec>, string, string[], string]>([
  ['nothing yet, more than an hour before', nightly, '21T00:59', [], '21T02:00/21T03:00'],
  ['an hour before its start', nightly, '21T01:00', ['21T02:00/21T03:00'], '21T02:00/21T03:00'],
  ['while it runs', nightly, '21T02:59', ['21T02:00/21T03:00'], '21T02:00/21T03:00'],
  ['nothing at its end', nightly, '21T03:00', [], '22T02:00/22T03:00'],
  [
    'one that began before the object did',
    { schedule: { cron: '30 11 * * *', duration: '1h' } },
    '20T12:00',
    ['20T11:30/20T12:30'],
    '20T11:30/20T12:30',
  ],
  [
    'this one and the next',
    { schedule: { cron: '0,30 * * * *', duration: '10m' } },
    '20T12:05',
    ['20T12:00/20T12:10', '20T12:30/20T12:40', '20T13:00/20T13:10'],
    '20T12:00/20T12:10',
  ],
  [
    'windows that touch as one',
    { schedule: { cron: '0 * * * *', duration: '1h' } },
    '20T12:05',
    ['20T12:00/20T14:00'],
    '20T12:00/20T14:00',
  ],
  [
    'the next one far ahead',
    { schedule: { cron: '0 0 29 2 *', duration: '1h' } },
    '20T12:00',
    [],
    '29T00:00/29T01:00',
  ],
])('a schedule: %s', (_name, spec, now, windows, next) => {
  expect(plan(spec, now)).toEqual({ windows, next, faults: [] });
});

test.each<[string, Partial<SilenceSpec>, string]>([
  ['a bad cron expression', { schedule: { cron: '61 * * * *', duration: '1h' } }, 'spec.schedule.cron'],
  ['a day that never comes', { schedule: { cron: '0 0 31 2 *', duration: '1h' } }, 'spec.schedule.cron'],
  [
    'a bad zone',
    { schedule: { cron: '0 * * * *', duration: '1h', timeZone: 'Mars' } },
    'spec.schedule.timeZone',
  ],
  ['no duration', { schedule: { cron: '0 * * * *', duration: '0' } }, 'spec.schedule.duration'],
  ['too long a window', { schedule: { cron: '0 * * * *', duration: '8d' } }, 'spec.schedule.duration'],
  [
    'an end before the start',
    { startsAt: '2026-11-21T00:00:00Z', endsAt: '2026-11-20T00:00:00Z' },
    'spec.endsAt',
  ],
  ['no end at all', {}, 'spec.endsAt'],
])('%s is a fault', (_name, spec, path) => {
  const { windows, faults } = plan(spec, '20T12:00');
  expect(windows).toEqual([]);
  expect(faults).toMatchObject([{ path, code: 'InvalidSchedule' }]);
});
