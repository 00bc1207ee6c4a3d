import {
  flag,
  freeFields,
  httpReceiver,
  requiredText,
  secret,
  template,
  text,
  textMap,
  url,
} from './receiver-common.ts';
import { atomicList, choice, integer, object, optional, string } from './schema.ts';
import { duration, goDuration, secretValue } from './values.ts';

/** Paging, incident and ticket systems, one typed object each. Source: the receivers of Alertmanager 0.33. */

const link = object({ href: text('Where it leads.'), text: text('Label.') }, { description: 'A link.' });

const image = object(
  { src: text('Picture.'), alt: text('Text instead.'), href: text('Where it leads.') },
  { description: 'A picture.' },
);

export const pagerduty = object(
  {
    ...httpReceiver,
    routingKey: secret('Key of an Events API v2 integration.'),
    serviceKey: secret('Key of a Prometheus (Events API v1) integration.'),
    url: url("API; default: the stack's."),
    client: template('Client.'),
    clientURL: template('Where the client leads.'),
    description: template('Summary.'),
    details: freeFields('Further details; strings are templates.'),
    images: optional(atomicList(image, { description: 'Pictures.', maxItems: 16 })),
    links: optional(atomicList(link, { description: 'Links.', maxItems: 16 })),
    source: template('Where the trouble is.'),
    severity: template('Severity.'),
    class: template('Class of the event.'),
    component: template('Component at fault.'),
    group: template('Group of components.'),
    timeout: optional(goDuration('Most time for one request.')),
  },
  {
    description: 'PagerDuty.',
    rules: [
      {
        rule: 'has(self.routingKey) != has(self.serviceKey)',
        message: 'exactly one of routingKey and serviceKey must be set',
      },
    ],
  },
);

const responder = object(
  {
    id: text('Id.'),
    name: text('Name.'),
    username: text('User name.'),
    type: requiredText('team, teams, user, escalation or schedule; may be a template.'),
  },
  {
    description: 'Who is told.',
    rules: [
      {
        rule: 'has(self.id) || has(self.name) || has(self.username)',
        message: 'a responder needs id, name or username',
      },
    ],
  },
);

export const opsgenie = object(
  {
    ...httpReceiver,
    apiKey: secret("Key; default: the stack's."),
    apiURL: url("API; default: the stack's."),
    message: template('Alert text.'),
    description: template('Description.'),
    source: template('Source.'),
    details: textMap('Further details.'),
    entity: template('Entity.'),
    responders: optional(atomicList(responder, { description: 'Who is told.', maxItems: 64 })),
    actions: template('Actions, comma separated.'),
    tags: template('Tags, comma separated.'),
    note: template('Note.'),
    priority: template('P1 to P5.'),
    updateAlerts: flag('Whether changed text updates the alert.'),
  },
  { description: 'Opsgenie.' },
);

export const victorops = object(
  {
    ...httpReceiver,
    apiKey: secret("Key; default: the stack's."),
    apiURL: url("API; default: the stack's."),
    routingKey: requiredText('Routing key.'),
    messageType: template('CRITICAL, WARNING or INFO.'),
    stateMessage: template('Long text.'),
    entityDisplayName: template('Title.'),
    monitoringTool: template('Name of the tool.'),
    customFields: textMap('Further fields.'),
  },
  { description: 'VictorOps (Splunk On-Call).' },
);

export const incidentio = object(
  {
    ...httpReceiver,
    url: string({
      description: 'URL of the alert source.',
      minLength: 1,
      maxLength: 4096,
      pattern: '^https?://.+$',
    }),
    alertSourceToken: secret('Token of the alert source.'),
    maxAlerts: optional(integer({ description: 'Most alerts in one message; 0: all.', minimum: 0 })),
    timeout: optional(goDuration('Most time for one request.')),
  },
  { description: 'incident.io; needs alertSourceToken or httpConfig.authorization.' },
);

export const pushover = object(
  {
    ...httpReceiver,
    userKey: secretValue("Recipient's key."),
    token: secretValue('Token of the application.'),
    title: template('Title.'),
    message: template('Text.'),
    url: template('Link.'),
    urlTitle: template('Label of the link.'),
    device: template('Device.'),
    sound: template('Sound.'),
    priority: template('Priority.'),
    retry: optional(goDuration('How often an unconfirmed one is repeated.')),
    expire: optional(goDuration('How long it is repeated.')),
    ttl: optional(goDuration('How long it is kept.')),
    html: flag('Whether the text is HTML.'),
    monospace: flag('Whether the text is set in one width.'),
  },
  {
    description: 'Pushover.',
    rules: [
      {
        rule: '!(has(self.html) && self.html && has(self.monospace) && self.monospace)',
        message: 'at most one of html and monospace may be true',
      },
    ],
  },
);

const jiraText = (description: string) =>
  optional(
    object(
      {
        template: template('Text.'),
        enableUpdate: flag('Whether later notifications update it; default: true.'),
      },
      { description },
    ),
  );

export const jira = object(
  {
    ...httpReceiver,
    apiURL: url("API; default: the stack's."),
    apiType: optional(choice(['auto', 'cloud', 'datacenter'], { description: 'Kind of Jira.' })),
    project: requiredText('Project key; a template.'),
    issueType: requiredText('Issue type; a template.'),
    summary: jiraText('Title.'),
    description: jiraText('Text.'),
    labels: optional(
      atomicList(requiredText('A label; a template.'), { description: 'Labels.', maxItems: 64 }),
    ),
    priority: template('Priority.'),
    reopenTransition: text('Transition that reopens an issue.'),
    resolveTransition: text('Transition that resolves an issue.'),
    wontFixResolution: text('Resolution after which an issue is not reopened.'),
    reopenDuration: optional(duration('How long after its end an issue is reopened.')),
    fields: freeFields('Further fields of the issue, under their own names.'),
  },
  { description: 'Jira.' },
);
