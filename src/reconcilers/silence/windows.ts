/** When a Silence mutes: one window, or those of its schedule that are now or begin within an hour. */

import type { Fault } from '../../crds/selection-status.ts';
import type { SilenceSpec } from '../../crds/silence.ts';
import { parsePrometheusDuration } from '../../render/alertmanager/checks/duration.ts';
import { isTimeZone } from '../../render/alertmanager/checks/time-zone.ts';
import { occurrences, parseCron } from './cron.ts';

export interface Window {
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

/** How long before its start a window is posted: an outage of the operator shorter than this misses none. */
export const postAheadMs = 3_600_000;

/** Longest window of a schedule; longer ones overlap so much that a plain Silence says it better. */
const maxScheduleDurationMs = 7 * 86_400_000;

/** Starts that are looked at in one go. */
const maxStarts = 20_000;

/** How far ahead the next start of a schedule is searched for. */
const horizonMs = 366 * 86_400_000;

export interface WindowPlan {
  /** Windows that should exist now, in order, apart from each other. */
  readonly windows: readonly Window[];
  /** The current window or the next, as far as it is known. */
  readonly next: Window | undefined;
  readonly faults: readonly Fault[];
}

/** `createdAtMs` is when the object was created: the start where none is declared. */
export function planWindows(spec: SilenceSpec, createdAtMs: number, nowMs: number): WindowPlan {
  return spec.schedule === undefined ? planOnce(spec, createdAtMs) : planSchedule(spec.schedule, nowMs);
}

function planOnce(spec: SilenceSpec, createdAtMs: number): WindowPlan {
  const startsAtMs = spec.startsAt === undefined ? createdAtMs : Date.parse(spec.startsAt);
  const durationMs = spec.duration === undefined ? undefined : parsePrometheusDuration(spec.duration);
  const endsAtMs = durationMs === undefined ? Date.parse(spec.endsAt ?? '') : startsAtMs + durationMs;
  const fault = (path: string, message: string): WindowPlan => ({
    windows: [],
    next: undefined,
    faults: [{ path, code: 'InvalidSchedule', message }],
  });
  if (Number.isNaN(startsAtMs)) return fault('spec.startsAt', 'is no time');
  if (spec.duration !== undefined && !durationMs) return fault('spec.duration', 'is no duration');
  if (Number.isNaN(endsAtMs)) return fault('spec.endsAt', 'is no time');
  if (endsAtMs <= startsAtMs) return fault('spec.endsAt', 'must be after the start');
  const window = { startsAtMs, endsAtMs };
  return { windows: [window], next: window, faults: [] };
}

function planSchedule(schedule: NonNullable<SilenceSpec['schedule']>, nowMs: number): WindowPlan {
  const fault = (path: string, message: string): WindowPlan => ({
    windows: [],
    next: undefined,
    faults: [{ path: `spec.schedule.${path}`, code: 'InvalidSchedule', message }],
  });
  const cron = parseCron(schedule.cron);
  if ('fault' in cron) return fault('cron', cron.fault);
  const timeZone = schedule.timeZone ?? 'UTC';
  if (!isTimeZone(timeZone)) return fault('timeZone', `${JSON.stringify(timeZone)} is no IANA time zone`);
  const durationMs = parsePrometheusDuration(schedule.duration);
  if (!durationMs) return fault('duration', 'is no duration');
  if (durationMs > maxScheduleDurationMs) return fault('duration', 'a window may last 7 days at most');
  const starts = occurrences(cron, timeZone, nowMs - durationMs + 1, nowMs + postAheadMs + 1, maxStarts);
  const windows = merge(starts, durationMs).filter(({ endsAtMs }) => endsAtMs > nowMs);
  const next = windows[0] ?? nextWindow(cron, timeZone, nowMs, durationMs);
  return next === undefined ? fault('cron', 'has no start within a year') : { windows, next, faults: [] };
}

/** Searched in growing steps: most schedules have a start within days. */
function nextWindow(
  cron: Exclude<ReturnType<typeof parseCron>, { fault: string }>,
  timeZone: string,
  nowMs: number,
  durationMs: number,
): Window | undefined {
  let from = nowMs;
  for (let step = 7 * 86_400_000; from < nowMs + 4 * horizonMs; step *= 2) {
    const [first] = occurrences(cron, timeZone, from, from + step, 1);
    if (first !== undefined) return { startsAtMs: first, endsAtMs: first + durationMs };
    from += step;
  }
  return undefined;
}

/** Windows that touch are one: Alertmanager needs no second silence for what is muted already. */
function merge(starts: readonly number[], durationMs: number): Window[] {
  const merged: Window[] = [];
  for (const startsAtMs of starts) {
    const last = merged.at(-1);
    if (last !== undefined && startsAtMs <= last.endsAtMs) {
      merged[merged.length - 1] = { startsAtMs: last.startsAtMs, endsAtMs: startsAtMs + durationMs };
    } else merged.push({ startsAtMs, endsAtMs: startsAtMs + durationMs });
  }
  return merged;
}
