/** Receivers that page people or open tickets: incident.io, Jira, Opsgenie, PagerDuty, Pushover, VictorOps. */
import { httpConfig } from './http-config.ts';
import {
  all,
  atMostOne,
  every,
  type Field,
  field,
  isAuthorized,
  isSet,
  listOf,
  mapOf,
  needs,
  nested,
  objectOf,
  orGlobal,
  type Schema,
} from './schema.ts';

const common = { send_resolved: field('boolean'), http_config: objectOf(httpConfig) } as const;

export const incidentio: Schema = {
  fields: {
    ...common,
    ...all('url', 'url'),
    ...all('secret', 'alert_source_token'),
    ...all('file', 'url_file alert_source_token_file'),
    ...all('unsigned', 'max_alerts'),
    ...all('goDuration', 'timeout'),
  },
  check: every(needs('url'), (value) => {
    const authorized = isAuthorized(value);
    const hasToken = isSet(value, 'alert_source_token');
    if (authorized && hasToken) return 'alert_source_token excludes http_config.authorization';
    if (!authorized && !hasToken) return 'alert_source_token or http_config.authorization is required';
    return undefined;
  }),
};

/** A text, or since 0.30 an object. */
const jiraText: Field = {
  ...objectOf({ fields: { ...all('template', 'template'), enable_update: field('boolean', '0.30.0') } }),
  plain: 'template',
};

export const jira: Schema = {
  fields: {
    ...common,
    ...all('url', 'api_url'),
    api_type: { type: 'text', values: ['auto', 'cloud', 'datacenter'], since: '0.29.0' },
    summary: jiraText,
    description: jiraText,
    labels: listOf(field('template')),
    ...all('template', 'project priority issue_type'),
    ...all('text', 'reopen_transition resolve_transition wont_fix_resolution'),
    ...all('duration', 'reopen_duration'),
    fields: mapOf(field('any')),
  },
  check: every(needs('project', 'issue_type'), orGlobal('api_url', 'jira_api_url')),
};

const responder: Schema = {
  fields: all('template', 'id name username type'),
  check: (value) => {
    if (!isSet(value, 'id') && !isSet(value, 'name') && !isSet(value, 'username')) {
      return 'id, name or username is required';
    }
    const type = String(value.type ?? '');
    return type.includes('{{') || /^(team|teams|user|escalation|schedule)$/i.test(type)
      ? undefined
      : 'type must be team, teams, user, escalation or schedule';
  },
};

export const opsgenie: Schema = {
  fields: {
    ...common,
    ...all('secret', 'api_key'),
    ...all('file', 'api_key_file'),
    ...all('url', 'api_url'),
    ...all('template', 'message description source entity actions tags note priority'),
    ...all('boolean', 'update_alerts'),
    details: mapOf(field('template')),
    responders: listOf(objectOf(responder)),
  },
  check: orGlobal('api_key', 'opsgenie_api_key'),
};

export const pagerduty: Schema = {
  fields: {
    ...common,
    ...all('secret', 'service_key routing_key'),
    ...all('file', 'service_key_file routing_key_file'),
    ...all('url', 'url'),
    ...all('template', 'client client_url description source severity class component group'),
    ...all('goDuration', 'timeout', '0.30.0'),
    details: mapOf({ type: 'nested', nestedSince: '0.30.0' }),
    images: listOf(objectOf({ fields: all('template', 'src alt href') })),
    links: listOf(objectOf({ fields: all('template', 'href text') })),
  },
  check: (value) =>
    isSet(value, 'routing_key') || isSet(value, 'service_key')
      ? undefined
      : 'routing_key or service_key is required',
};

export const pushover: Schema = {
  fields: {
    ...common,
    ...all('secret', 'user_key token'),
    ...all('file', 'user_key_file token_file'),
    ...all('template', 'title message url url_title device sound priority'),
    ...all('goDuration', 'retry expire ttl'),
    ...all('boolean', 'html'),
    ...all('boolean', 'monospace', '0.29.0'),
  },
  check: every(needs('user_key', 'token'), (value) =>
    value.html === true && value.monospace === true ? 'html and monospace exclude each other' : undefined,
  ),
};

const victoropsFixed = [
  'routing_key',
  'message_type',
  'state_message',
  'entity_display_name',
  'monitoring_tool',
  'entity_id',
  'entity_state',
];

export const victorops: Schema = {
  fields: {
    ...common,
    ...all('secret', 'api_key'),
    ...all('file', 'api_key_file'),
    ...all('url', 'api_url'),
    ...all('template', 'routing_key message_type state_message entity_display_name monitoring_tool'),
    custom_fields: mapOf(field('template')),
  },
  check: every(needs('routing_key'), orGlobal('api_key', 'victorops_api_key'), (value) => {
    const fixed = Object.keys(nested(value, 'custom_fields') ?? {}).find((name) =>
      victoropsFixed.includes(name),
    );
    return fixed === undefined ? undefined : `custom_fields must not hold ${fixed}`;
  }),
};

const arns = atMostOne('target_arn', 'topic_arn', 'phone_number');

export const sns: Schema = {
  fields: {
    ...common,
    ...all('endpoint', 'api_url'),
    ...all('template', 'topic_arn phone_number target_arn subject message'),
    attributes: mapOf(field('template')),
    // That client follows redirects whatever http_config says.
    use_aws_http_client: field('redirects', '0.33.0'),
    sigv4: objectOf({
      fields: {
        ...all('text', 'region access_key role_arn'),
        ...all('text', 'external_id', '0.31.0'),
        ...all('secret', 'secret_key'),
        // A profile is a section of the credentials file inside the container.
        ...all('file', 'profile'),
        ...all('boolean', 'use_fips_sts_endpoint', '0.29.0'),
        ...all('text', 'service_name', '0.29.0'),
      },
      check: (value) => {
        if (isSet(value, 'access_key') !== isSet(value, 'secret_key')) {
          return 'access_key and secret_key must be set together or not at all';
        }
        return isSet(value, 'external_id') && !isSet(value, 'role_arn')
          ? 'external_id needs role_arn'
          : undefined;
      },
    }),
  },
  check: every(
    (value) =>
      isSet(value, 'target_arn') || isSet(value, 'topic_arn') || isSet(value, 'phone_number')
        ? undefined
        : 'target_arn, topic_arn or phone_number is required',
    arns,
  ),
};
