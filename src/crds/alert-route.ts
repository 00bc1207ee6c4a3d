import { Type } from 'typebox';
import type { CustomResource } from './metadata.ts';
import * as chat from './receivers-chat.ts';
import * as generic from './receivers-generic.ts';
import * as incident from './receivers-incident.ts';
import {
  atomicList,
  boolean,
  choice,
  integer,
  mapList,
  type Of,
  object,
  optional,
  passThrough,
  string,
} from './schema.ts';
import { teamStatus } from './selection-status.ts';
import { duration, matcherList, secretKeySelector, suspend } from './values.ts';

/** Every receiver type of Alertmanager 0.33: field name here -> `<name>_configs` of alertmanager.yml. */
export const receiverTypes = [
  'discord',
  'email',
  'incidentio',
  'jira',
  'mattermost',
  'msteams',
  'msteamsv2',
  'opsgenie',
  'pagerduty',
  'pushover',
  'rocketchat',
  'slack',
  'sns',
  'telegram',
  'victorops',
  'webex',
  'webhook',
  'wechat',
] as const;

export type ReceiverType = (typeof receiverTypes)[number];

const passThroughReceiver = object(
  {
    type: choice(receiverTypes, { description: 'Receiver type.' }),
    config: passThrough(
      "One entry of Alertmanager's `<type>_configs`, in Alertmanager's own spelling. Fields that read files are refused at any depth; put secrets in secretFields.",
    ),
    secretFields: optional(
      mapList(
        object(
          {
            path: string({
              description: 'Place in config, for example `http_config.authorization.credentials`.',
              minLength: 1,
              maxLength: 512,
              pattern: '^[A-Za-z0-9_]+(\\.[A-Za-z0-9_-]+)*$',
            }),
            secretKeyRef: secretKeySelector,
          },
          { description: 'A field of config that is taken from a Secret.' },
        ),
        ['path'],
        { description: 'Fields of config that are taken from Secrets.', maxItems: 16 },
      ),
    ),
  },
  { description: 'A receiver that is passed through.' },
);

const receiver = object(
  {
    name: string({ description: 'Name, unique in this object.', minLength: 1, maxLength: 256 }),
    discord: optional(chat.discord),
    email: optional(generic.email),
    incidentio: optional(incident.incidentio),
    jira: optional(incident.jira),
    mattermost: optional(chat.mattermost),
    msteams: optional(chat.msteams),
    msteamsv2: optional(chat.msteamsv2),
    opsgenie: optional(incident.opsgenie),
    pagerduty: optional(incident.pagerduty),
    pushover: optional(incident.pushover),
    rocketchat: optional(chat.rocketchat),
    slack: optional(chat.slack),
    sns: optional(generic.sns),
    telegram: optional(chat.telegram),
    victorops: optional(incident.victorops),
    webex: optional(chat.webex),
    webhook: optional(generic.webhook),
    wechat: optional(chat.wechat),
    passThrough: optional(
      atomicList(passThroughReceiver, {
        description:
          "Further ones of any type in Alertmanager's own spelling, for example a second Slack channel.",
        maxItems: 32,
      }),
    ),
  },
  {
    description:
      'Where notifications go: any of the types, each at most once, more by passThrough. None at all: notifications end here.',
  },
);

/** One node of the routing tree; `routes` holds further ones. */
export interface Route {
  readonly receiver?: string;
  readonly matchers?: readonly string[];
  readonly groupBy?: readonly string[];
  readonly groupWait?: string;
  readonly groupInterval?: string;
  readonly repeatInterval?: string;
  readonly continue?: boolean;
  readonly muteTimeIntervals?: readonly string[];
  readonly activeTimeIntervals?: readonly string[];
  readonly routes?: readonly Route[];
}

const names = (description: string, item: string, maxItems = 64) =>
  optional(
    atomicList(string({ description: item, minLength: 1, maxLength: 1024 }), { description, maxItems }),
  );

const routeFields = {
  receiver: optional(
    string({
      description: "Receiver of this object; default: the parent's.",
      minLength: 1,
      maxLength: 256,
    }),
  ),
  matchers: optional(matcherList('Alerts that come here: all matchers must hold.')),
  groupBy: names('Labels by which alerts are put into one notification; `...`: all.', 'A label name.'),
  groupWait: optional(duration('How long to wait for more alerts of a new group.')),
  groupInterval: optional(duration('How long to wait before telling of changes in a group.')),
  repeatInterval: optional(duration('How long to wait before repeating a notification.')),
  continue: optional(boolean({ description: 'Whether later siblings see the alert too.' })),
  muteTimeIntervals: names('Time intervals in which this route is mute.', 'Name of a time interval.'),
  activeTimeIntervals: names(
    'Time intervals outside of which this route is mute.',
    'Name of a time interval.',
  ),
};

/** One nested node; its `routes` hold nodes of the same schema, which is why the CRD keeps them as they are. */
const nestedRoute = object(
  {
    ...routeFields,
    routes: optional(atomicList(Type.Unsafe<Route>({}), { description: 'Further nodes.', maxItems: 256 })),
  },
  { description: 'A nested node of the routing tree.', opaque: 'nested route' },
);
Object.assign(nestedRoute.properties.routes, { items: nestedRoute });

/** Depth of nested routes that is accepted, the top one counted. */
export const maxRouteDepth = 16;

const route = object(
  {
    ...routeFields,
    receiver: string({
      description: 'Receiver of this object that gets what no nested route takes.',
      minLength: 1,
      maxLength: 256,
    }),
    routes: optional(
      atomicList(Type.Unsafe<Route>(nestedRoute as object), {
        description: 'Nested routes; the first that matches takes the alert.',
        maxItems: 256,
      }),
    ),
  },
  { description: "How alerts of this object's namespace find their receiver." },
);

const inhibitRule = object(
  {
    name: optional(string({ description: 'Name.', maxLength: 256 })),
    sourceMatchers: matcherList('Alerts that inhibit.', { minItems: 1 }),
    targetMatchers: matcherList('Alerts that are inhibited.', { minItems: 1 }),
    equal: names('Labels that must be equal in both.', 'A label name.'),
  },
  { description: "While a source alert fires, target alerts are mute; both are of this object's namespace." },
);

const spans = (description: string, item: string) => names(description, item, 64);

const timeInterval = object(
  {
    times: optional(
      atomicList(
        object(
          {
            startTime: string({
              description: 'Start, HH:MM.',
              maxLength: 5,
              pattern: '^((([01][0-9])|(2[0-3])):[0-5][0-9])$|(^24:00$)',
            }),
            endTime: string({
              description: 'End, HH:MM, up to 24:00.',
              maxLength: 5,
              pattern: '^((([01][0-9])|(2[0-3])):[0-5][0-9])$|(^24:00$)',
            }),
          },
          { description: 'A part of the day.' },
        ),
        { description: 'Parts of the day.', maxItems: 32 },
      ),
    ),
    weekdays: spans('Days of the week.', 'A day or span: `monday:friday`.'),
    daysOfMonth: spans('Days of the month.', 'A day or span: `1:5`, `-3:-1`.'),
    months: spans('Months.', 'A month or span: `march:may`, `12`.'),
    years: spans('Years.', 'A year or span: `2026:2028`.'),
    location: optional(string({ description: 'IANA time zone; default: UTC.', minLength: 1, maxLength: 64 })),
  },
  { description: 'All fields that are present must hold.' },
);

export const alertRouteSpec = object(
  {
    ...suspend,
    receivers: mapList(receiver, ['name'], { description: 'Receivers.', minItems: 1, maxItems: 64 }),
    route,
    inhibitRules: optional(atomicList(inhibitRule, { description: 'Inhibition.', maxItems: 64 })),
    timeIntervals: optional(
      mapList(
        object(
          {
            name: string({ description: 'Name, unique in this object.', minLength: 1, maxLength: 256 }),
            timeIntervals: atomicList(timeInterval, {
              description: 'It is the time when one of these is.',
              maxItems: 32,
            }),
          },
          { description: 'A named time interval.' },
        ),
        ['name'],
        { description: 'Named time intervals.', maxItems: 64 },
      ),
    ),
    templates: optional(
      mapList(
        object(
          {
            name: string({
              description: 'Name, unique in this object.',
              minLength: 1,
              maxLength: 128,
              pattern: '^[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?$',
            }),
            text: string({
              description: 'Go template text with `define` blocks.',
              minLength: 1,
              maxLength: 131072,
            }),
          },
          { description: 'A template file.' },
        ),
        ['name'],
        {
          description: 'Templates for this object; names that they define are seen by this namespace only.',
          maxItems: 32,
        },
      ),
    ),
  },
  { description: "Receivers and routes for the alerts of the object's namespace." },
);

export const alertRouteStatus = teamStatus(
  {
    description: 'What became of receivers and routes; written by the operator.',
    contentHash: 'Hash of the accepted content; secrets are not part of it.',
    loadedExample: '3/3',
  },
  {
    receivers: optional(
      object(
        {
          total: integer({ description: 'Receivers in the object.', minimum: 0 }),
          accepted: integer({ description: 'Receivers without a fault.', minimum: 0 }),
        },
        { description: 'What the object holds.' },
      ),
    ),
  },
  {},
);

export type PassThroughReceiver = Of<typeof passThroughReceiver>;
export type Receiver = Of<typeof receiver>;
export type InhibitRule = Of<typeof inhibitRule>;
export type TimeInterval = Of<typeof timeInterval>;
export type AlertRouteSpec = Omit<Of<typeof alertRouteSpec>, 'route'> & { readonly route: Route };
export type AlertRouteStatus = Of<typeof alertRouteStatus>;
export type AlertRoute = CustomResource<'AlertRoute', AlertRouteSpec, AlertRouteStatus>;
