/** Receivers that write to a chat: Discord, Mattermost, Microsoft Teams, Rocket.Chat, Slack, Telegram, Webex, WeChat. */
import { httpConfig } from './http-config.ts';
import {
  all,
  every,
  field,
  isAuthorized,
  isSet,
  listOf,
  needs,
  nested,
  objectOf,
  oneOf,
  orGlobal,
  type Resolved,
  type Schema,
} from './schema.ts';

const common = { send_resolved: field('boolean'), http_config: objectOf(httpConfig) } as const;
const titleAndValue = needs('title', 'value');

export const discord: Schema = {
  fields: {
    ...common,
    ...all('secretUrl', 'webhook_url'),
    ...all('file', 'webhook_url_file'),
    ...all('template', 'title message'),
    ...all('template', 'content username avatar_url', '0.28.0'),
  },
  check: needs('webhook_url'),
};

const attachmentTexts =
  'fallback color pretext text author_name author_link author_icon title title_link thumb_url footer footer_icon image_url';

const mattermostFields = listOf(
  objectOf({ fields: { ...all('template', 'title value'), short: field('boolean') }, check: titleAndValue }),
);

export const mattermost: Schema = {
  fields: {
    ...common,
    ...all('secretUrl', 'webhook_url'),
    ...all('file', 'webhook_url_file'),
    ...all('template', attachmentTexts, '0.32.0'),
    ...all('template', 'channel username text icon_url icon_emoji type'),
    fields: { ...mattermostFields, since: '0.32.0' },
    attachments: listOf(
      objectOf({ fields: { ...all('template', attachmentTexts), fields: mattermostFields } }),
    ),
    props: objectOf({ fields: all('template', 'card') }),
    priority: objectOf({
      fields: { ...all('template', 'priority'), ...all('boolean', 'requested_ack persistent_notifications') },
    }),
  },
  check: orGlobal('webhook_url', 'mattermost_webhook_url'),
};

export const msteams: Schema = {
  fields: {
    ...common,
    ...all('secretUrl', 'webhook_url'),
    ...all('file', 'webhook_url_file'),
    ...all('template', 'title summary text'),
  },
  check: needs('webhook_url'),
};

export const msteamsv2: Schema = {
  fields: {
    ...common,
    ...all('secretUrl', 'webhook_url'),
    ...all('file', 'webhook_url_file'),
    ...all('template', 'title text'),
  },
  check: needs('webhook_url'),
};

export const rocketchat: Schema = {
  fields: {
    ...common,
    ...all('url', 'api_url'),
    ...all('secret', 'token_id token'),
    ...all('file', 'token_id_file token_file'),
    ...all('template', 'channel color title title_link text emoji icon_url image_url thumb_url'),
    ...all('boolean', 'short_fields link_names'),
    fields: listOf(objectOf({ fields: { ...all('boolean', 'short'), ...all('template', 'title value') } })),
    actions: listOf(
      objectOf({
        // Alertmanager names no YAML fields here, so its YAML reader takes the lower-cased Go names.
        fields: {
          ...all('template', 'type text url imageurl msg'),
          ...all('text', 'webviewheightratio msgprocessingtype'),
          ...all('boolean', 'iswebview msginchatwindow'),
        },
      }),
    ),
  },
  check: every(orGlobal('token_id', 'rocketchat_token_id'), orGlobal('token', 'rocketchat_token')),
};

const slackAction: Schema = {
  fields: {
    ...all('template', 'type text url style name value'),
    confirm: objectOf({ fields: all('template', 'text title ok_text dismiss_text'), check: needs('text') }),
  },
  check: every(needs('type', 'text'), (value) =>
    isSet(value, 'url') || isSet(value, 'name') ? undefined : 'name or url is required',
  ),
};

export const slack: Schema = {
  fields: {
    ...common,
    ...all('secretUrl', 'api_url'),
    ...all('file', 'api_url_file'),
    ...all('secret', 'app_token', '0.30.0'),
    ...all('file', 'app_token_file', '0.30.0'),
    ...all('url', 'app_url', '0.30.0'),
    ...all('template', 'channel username color title title_link pretext text footer fallback callback_id'),
    ...all('template', 'icon_emoji icon_url image_url thumb_url'),
    ...all('template', 'message_text', '0.31.0'),
    ...all('boolean', 'short_fields link_names'),
    ...all('boolean', 'update_message', '0.32.0'),
    ...all('goDuration', 'timeout', '0.30.0'),
    mrkdwn_in: listOf(field('text')),
    fields: listOf(
      objectOf({
        fields: { ...all('template', 'title value'), short: field('boolean') },
        check: titleAndValue,
      }),
    ),
    actions: listOf(objectOf(slackAction)),
  },
  check: slackCheck,
};

function slackCheck(value: Resolved, { global }: { readonly global: Resolved }): string | undefined {
  if (isSet(value, 'api_url') && isSet(value, 'app_token')) return 'api_url and app_token exclude each other';
  const inherits = isSet(global, 'slack_app_token') && !isAuthorized(value) && !isSet(value, 'api_url');
  const hasToken = isSet(value, 'app_token') || inherits;
  if (!hasToken && !isSet(value, 'api_url') && !isSet(global, 'slack_api_url')) {
    return "api_url or app_token is required: the platform's configuration has no slack_api_url";
  }
  const authorized = isAuthorized(nested(value, 'http_config') === undefined ? global : value);
  if (hasToken && authorized) return 'app_token excludes http_config.authorization';
  if (value.update_message === true && value.api_url !== 'https://slack.com/api/chat.postMessage') {
    return 'update_message needs api_url https://slack.com/api/chat.postMessage';
  }
  return undefined;
}

export const telegram: Schema = {
  fields: {
    ...common,
    ...all('url', 'api_url'),
    ...all('secret', 'bot_token'),
    ...all('file', 'bot_token_file'),
    ...all('file', 'chat_id_file', '0.31.0'),
    ...all('integer', 'chat_id'),
    ...all('integer', 'message_thread_id', '0.28.0'),
    ...all('template', 'message'),
    ...all('boolean', 'disable_notifications'),
    parse_mode: oneOf('', 'Markdown', 'MarkdownV2', 'HTML'),
  },
  check: every(orGlobal('bot_token', 'telegram_bot_token'), (value) =>
    isSet(value, 'chat_id') && value.chat_id !== 0 ? undefined : 'chat_id is required',
  ),
};

export const webex: Schema = {
  fields: {
    ...common,
    ...all('url', 'api_url'),
    ...all('template', 'message'),
    ...all('template', 'room_id'),
  },
  check: every(needs('room_id'), (value) =>
    isAuthorized(value) ? undefined : 'http_config.authorization is required',
  ),
};

export const wechat: Schema = {
  fields: {
    ...common,
    ...all('secret', 'api_secret'),
    ...all('file', 'api_secret_file', '0.31.0'),
    ...all('url', 'api_url'),
    ...all('template', 'corp_id message to_user to_party to_tag agent_id'),
    message_type: oneOf('', 'text', 'markdown'),
  },
  check: every(orGlobal('api_secret', 'wechat_api_secret'), orGlobal('corp_id', 'wechat_api_corp_id')),
};
