/** Every receiver type of Alertmanager 0.33, in one table. */
import {
  discord,
  mattermost,
  msteams,
  msteamsv2,
  rocketchat,
  slack,
  telegram,
  webex,
  wechat,
} from './chat.ts';
import { httpConfig, tlsConfig } from './http-config.ts';
import { incidentio, jira, opsgenie, pagerduty, pushover, sns, victorops } from './paging.ts';
import { all, every, field, mapOf, needs, objectOf, orGlobal, type Schema } from './schema.ts';

export interface ReceiverType {
  /** The list in Alertmanager's receiver. */
  readonly configKey: string;
  readonly schema: Schema;
  /** First Alertmanager that has it, where that is newer than 0.27.0. */
  readonly since?: string;
}

const email: Schema = {
  fields: {
    send_resolved: field('boolean'),
    ...all('template', 'to from html text'),
    ...all('text', 'hello auth_username auth_identity'),
    ...all('host', 'smarthost'),
    ...all('secret', 'auth_password auth_secret'),
    ...all('file', 'auth_password_file'),
    ...all('file', 'auth_secret_file', '0.31.0'),
    ...all('boolean', 'require_tls'),
    ...all('boolean', 'force_implicit_tls', '0.31.0'),
    headers: mapOf(field('template')),
    tls_config: objectOf(tlsConfig),
    threading: objectOf(
      { fields: { enabled: field('boolean'), thread_by_date: { type: 'text', values: ['none', 'daily'] } } },
      '0.30.0',
    ),
  },
  check: every(
    needs('to'),
    orGlobal('smarthost', 'smtp_smarthost'),
    orGlobal('from', 'smtp_from'),
    (value) => {
      const names = Object.keys((value.headers as object | undefined) ?? {}).map((name) =>
        name.toLowerCase(),
      );
      const twice = names.find((name, index) => names.indexOf(name) !== index);
      if (twice !== undefined) return `headers hold ${twice} twice`;
      const threading = value.threading as { enabled?: boolean; thread_by_date?: string } | undefined;
      if (threading?.enabled !== true) return undefined;
      if (threading.thread_by_date === undefined) return 'threading.thread_by_date is required';
      const clash = names.find((name) => name === 'references' || name === 'in-reply-to');
      return clash === undefined ? undefined : `threading excludes the header ${clash}`;
    },
  ),
};

const webhook: Schema = {
  fields: {
    send_resolved: field('boolean'),
    http_config: objectOf(httpConfig),
    ...all('templateUrl', 'url'),
    ...all('file', 'url_file'),
    ...all('unsigned', 'max_alerts'),
    ...all('goDuration', 'timeout', '0.28.0'),
    ...all('any', 'payload', '0.32.0'),
  },
  check: needs('url'),
};

const receiver = (schema: Schema, configKey: string, since?: string): ReceiverType => ({
  configKey,
  schema,
  ...(since === undefined ? {} : { since }),
});

export const receiverTypes: Readonly<Record<string, ReceiverType>> = {
  discord: receiver(discord, 'discord_configs'),
  email: receiver(email, 'email_configs'),
  incidentio: receiver(incidentio, 'incidentio_configs', '0.29.0'),
  jira: receiver(jira, 'jira_configs', '0.28.0'),
  mattermost: receiver(mattermost, 'mattermost_configs', '0.30.0'),
  msteams: receiver(msteams, 'msteams_configs'),
  msteamsv2: receiver(msteamsv2, 'msteamsv2_configs', '0.28.0'),
  opsgenie: receiver(opsgenie, 'opsgenie_configs'),
  pagerduty: receiver(pagerduty, 'pagerduty_configs'),
  pushover: receiver(pushover, 'pushover_configs'),
  rocketchat: receiver(rocketchat, 'rocketchat_configs', '0.28.0'),
  slack: receiver(slack, 'slack_configs'),
  sns: receiver(sns, 'sns_configs'),
  telegram: receiver(telegram, 'telegram_configs'),
  victorops: receiver(victorops, 'victorops_configs'),
  webex: receiver(webex, 'webex_configs'),
  webhook: receiver(webhook, 'webhook_configs'),
  wechat: receiver(wechat, 'wechat_configs'),
};
