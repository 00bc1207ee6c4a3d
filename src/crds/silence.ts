import type { CustomResource } from './metadata.ts';
import { atomicList, choice, mapList, type Of, object, optional, string } from './schema.ts';
import { judgedFields, stackEntries } from './selection-status.ts';
import { dateTime, duration, labelSelector, matcherList, suspend } from './values.ts';

const schedule = object(
  {
    cron: string({
      description: 'Start of each window: minute, hour, day of month, month, day of week.',
      minLength: 9,
      maxLength: 256,
    }),
    duration: duration('How long each window lasts.'),
    timeZone: optional(
      string({
        description: 'IANA time zone in which `cron` is read.',
        default: 'UTC',
        minLength: 1,
        maxLength: 64,
      }),
    ),
  },
  { description: 'Recurring windows.' },
);

export const silenceSpec = object(
  {
    ...suspend,
    matchers: matcherList(
      "Alerts to mute: all matchers must hold. The operator adds one for the object's own namespace.",
      { minItems: 1 },
    ),
    startsAt: optional(dateTime('Start; default: when the object was created.')),
    endsAt: optional(dateTime('End.')),
    duration: optional(duration('How long from the start; instead of endsAt.')),
    schedule: optional(schedule),
    comment: string({ description: 'Why.', minLength: 1, maxLength: 1024 }),
    createdBy: optional(string({ description: 'Who asked for it; shown in Alertmanager.', maxLength: 256 })),
    stacks: optional(
      labelSelector('Labels of the stacks to mute in; default: every stack that selects this object.'),
    ),
  },
  {
    description: 'Mutes matching alerts in every Alertmanager replica of the selected stacks.',
    rules: [
      {
        rule: '[has(self.endsAt), has(self.duration), has(self.schedule)].filter(x, x).size() == 1',
        message: 'exactly one of endsAt, duration and schedule must be set',
      },
      {
        rule: '!has(self.schedule) || !has(self.startsAt)',
        message: 'startsAt cannot be combined with schedule',
      },
      {
        rule: '!has(self.startsAt) || !has(self.endsAt) || timestamp(self.startsAt) < timestamp(self.endsAt)',
        message: 'endsAt must be after startsAt',
      },
    ],
  },
);

const silenceState = ['Pending', 'Active', 'Expired'] as const;

const window = object(
  {
    id: string({ description: "Alertmanager's id of the silence, one per cluster.", maxLength: 64 }),
    startsAt: dateTime('Start.'),
    endsAt: dateTime('End.'),
    state: choice(silenceState, { description: 'State by its times.' }),
    replicas: mapList(
      object(
        {
          name: string({ description: 'Pod.', maxLength: 253 }),
          state: choice(['Pending', 'Active', 'Expired', 'Missing', 'Unreachable'], {
            description: 'What that replica reports.',
          }),
        },
        { description: 'One Alertmanager replica.' },
      ),
      ['name'],
      { description: 'The silence in each replica.', maxItems: 16 },
    ),
  },
  { description: 'One silence in one Alertmanager cluster.' },
);

export const silenceStatus = object(
  {
    ...judgedFields,
    state: optional(choice(silenceState, { description: 'Whether it mutes now.' })),
    startsAt: optional(dateTime('Start of the current window, or of the next.')),
    endsAt: optional(dateTime('End of that window.')),
    confirmed: optional(
      string({
        description: 'Replicas that hold it, of those that should, over all stacks: `3/3`.',
        maxLength: 32,
      }),
    ),
    stacks: stackEntries({
      silences: optional(
        atomicList(window, {
          description: 'Silences kept there: one, or the current and coming windows of a schedule.',
          maxItems: 16,
        }),
      ),
    }),
  },
  { description: 'Where the silence is in force; written by the operator.' },
);

export type SilenceSpec = Of<typeof silenceSpec>;
export type SilenceSchedule = Of<typeof schedule>;
export type SilenceStatus = Of<typeof silenceStatus>;
export type SilenceStackStatus = NonNullable<SilenceStatus['stacks']>[number];
export type SilenceWindowStatus = Of<typeof window>;
export type Silence = CustomResource<'Silence', SilenceSpec, SilenceStatus>;
