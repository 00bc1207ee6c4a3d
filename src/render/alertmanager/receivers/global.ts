/** `global` and `tracing` of Alertmanager's configuration, which only the platform writes. */
import { httpConfig, tlsConfig } from './http-config.ts';
import { all, every, field, isSet, mapOf, needs, objectOf, oneOf, type Schema } from './schema.ts';

export const globalSchema: Schema = {
  fields: {
    ...all('duration', 'resolve_timeout'),
    http_config: objectOf(httpConfig),
    ...all('url', 'jira_api_url', '0.28.0'),
    ...all('text', 'smtp_from smtp_hello smtp_auth_username smtp_auth_identity'),
    ...all('host', 'smtp_smarthost'),
    ...all('secret', 'smtp_auth_password smtp_auth_secret'),
    ...all('file', 'smtp_auth_password_file'),
    ...all('file', 'smtp_auth_secret_file', '0.31.0'),
    ...all('boolean', 'smtp_require_tls'),
    ...all('boolean', 'smtp_force_implicit_tls', '0.31.0'),
    smtp_tls_config: objectOf(tlsConfig, '0.28.0'),
    ...all('secretUrl', 'slack_api_url'),
    ...all('file', 'slack_api_url_file'),
    ...all('secret', 'slack_app_token', '0.30.0'),
    ...all('file', 'slack_app_token_file', '0.30.0'),
    ...all('url', 'slack_app_url', '0.30.0'),
    ...all(
      'url',
      'pagerduty_url opsgenie_api_url wechat_api_url victorops_api_url telegram_api_url webex_api_url',
    ),
    ...all('secret', 'opsgenie_api_key wechat_api_secret victorops_api_key'),
    ...all('file', 'opsgenie_api_key_file victorops_api_key_file'),
    ...all('file', 'wechat_api_secret_file', '0.31.0'),
    ...all('text', 'wechat_api_corp_id'),
    ...all('secret', 'telegram_bot_token', '0.31.0'),
    ...all('file', 'telegram_bot_token_file', '0.31.0'),
    ...all('url', 'rocketchat_api_url', '0.28.0'),
    ...all('secret', 'rocketchat_token rocketchat_token_id', '0.28.0'),
    ...all('file', 'rocketchat_token_file rocketchat_token_id_file', '0.28.0'),
    ...all('secretUrl', 'mattermost_webhook_url', '0.32.0'),
    ...all('file', 'mattermost_webhook_url_file', '0.32.0'),
  },
  check: (value) => {
    const token = isSet(value, 'slack_app_token');
    const sameUrl = value.slack_api_url === (value.slack_app_url ?? 'https://slack.com/api/chat.postMessage');
    return token && isSet(value, 'slack_api_url') && !sameUrl
      ? 'slack_app_token and slack_api_url exclude each other'
      : undefined;
  },
};

export const tracingSchema: Schema = {
  fields: {
    client_type: oneOf('http', 'grpc'),
    ...all('text', 'endpoint'),
    sampling_fraction: field('data'),
    ...all('boolean', 'insecure'),
    tls_config: objectOf(tlsConfig),
    headers: mapOf(
      objectOf({ fields: { values: field('data'), secrets: field('data'), files: field('data') } }),
    ),
    compression: oneOf('gzip'),
    ...all('duration', 'timeout'),
  },
  check: every(needs('endpoint')),
};
