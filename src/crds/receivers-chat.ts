import { flag, httpReceiver, requiredText, secret, template, text, url } from './receiver-common.ts';
import { atomicList, choice, integer, object, optional, string } from './schema.ts';
import { goDuration, secretValue } from './values.ts';

/** Chat systems, one typed object each. Source: the receivers of Alertmanager 0.33. */

const shortField = {
  title: requiredText('Title; a template.'),
  value: requiredText('Text; a template.'),
  short: flag('Whether it may stand beside another one.'),
};

const fieldList = (description: string) =>
  optional(atomicList(object(shortField, { description: 'A field.' }), { description, maxItems: 64 }));

const slackAction = object(
  {
    type: requiredText('Kind of action, for example button.'),
    text: requiredText('Label.'),
    url: text('Where it leads.'),
    style: text('Look.'),
    name: text('Name of the action.'),
    value: text('Value of the action.'),
    confirm: optional(
      object(
        {
          text: requiredText('Question.'),
          title: text('Title.'),
          okText: text('Label for yes.'),
          dismissText: text('Label for no.'),
        },
        { description: 'Question to ask first.' },
      ),
    ),
  },
  {
    description: 'A button.',
    rules: [{ rule: 'has(self.url) || has(self.name)', message: 'an action needs url or name' }],
  },
);

export const slack = object(
  {
    ...httpReceiver,
    apiURL: secret("URL of the incoming webhook; default: the stack's."),
    appToken: secret('Token of a Slack app.'),
    appURL: url('API to call with appToken.'),
    channel: template('Channel or user.'),
    username: template('Name of the sender.'),
    color: template('Colour of the bar.'),
    title: template('Title.'),
    titleLink: template('Where the title leads.'),
    pretext: template('Text before.'),
    text: template('Text.'),
    messageText: template('Text of the message itself.'),
    fields: fieldList('Table below the text.'),
    shortFields: flag('Whether fields are short by default.'),
    footer: template('Footer.'),
    fallback: template('Text where formatting is not shown.'),
    callbackID: template('Callback id.'),
    iconEmoji: template('Emoji of the sender.'),
    iconURL: template('Picture of the sender.'),
    imageURL: template('Picture.'),
    thumbURL: template('Small picture.'),
    linkNames: flag('Whether names and channels become links.'),
    mrkdwnIn: optional(
      atomicList(requiredText('Part.'), { description: 'Parts with markup.', maxItems: 16 }),
    ),
    actions: optional(atomicList(slackAction, { description: 'Buttons.', maxItems: 16 })),
    updateMessage: flag('Whether a later notification edits the message instead of sending another.'),
    timeout: optional(goDuration('Most time for one request.')),
  },
  {
    description: 'Slack.',
    rules: [
      {
        rule: '!has(self.apiURL) || !has(self.appToken)',
        message: 'at most one of apiURL and appToken may be set',
      },
    ],
  },
);

export const discord = object(
  {
    ...httpReceiver,
    webhookURL: secretValue('URL of the webhook.'),
    content: template('Text before.'),
    title: template('Title.'),
    message: template('Text.'),
    username: template('Name of the sender.'),
    avatarURL: template('Picture of the sender.'),
  },
  { description: 'Discord.' },
);

const mattermostLook = {
  fallback: template('Text where formatting is not shown.'),
  color: template('Colour of the bar.'),
  pretext: template('Text before.'),
  text: template('Text.'),
  authorName: template('Author.'),
  authorLink: template('Where the author leads.'),
  authorIcon: template('Picture of the author.'),
  title: template('Title.'),
  titleLink: template('Where the title leads.'),
  fields: fieldList('Table below the text.'),
  thumbURL: template('Small picture.'),
  footer: template('Footer.'),
  footerIcon: template('Picture in the footer.'),
  imageURL: template('Picture.'),
};

export const mattermost = object(
  {
    ...httpReceiver,
    webhookURL: secret("URL of the incoming webhook; default: the stack's."),
    channel: template('Channel.'),
    username: template('Name of the sender.'),
    ...mattermostLook,
    iconURL: template('Picture of the sender.'),
    iconEmoji: template('Emoji of the sender.'),
    attachments: optional(
      atomicList(object(mattermostLook, { description: 'An attachment.' }), {
        description: 'Attachments, instead of the one that the fields beside describe.',
        maxItems: 16,
      }),
    ),
    type: template('Post type.'),
    props: optional(object({ card: template('Text of the side panel.') }, { description: 'Properties.' })),
    priority: optional(
      object(
        {
          priority: text('standard, important or urgent.'),
          requestedAck: flag('Whether to ask for a confirmation.'),
          persistentNotifications: flag('Whether to repeat until confirmed.'),
        },
        { description: 'Priority of the post.' },
      ),
    ),
  },
  { description: 'Mattermost.' },
);

export const msteams = object(
  {
    ...httpReceiver,
    webhookURL: secretValue('URL of the connector.'),
    title: template('Title.'),
    summary: template('Summary.'),
    text: template('Text.'),
  },
  { description: 'Microsoft Teams by connector; gone at Microsoft, use msteamsv2.' },
);

export const msteamsv2 = object(
  {
    ...httpReceiver,
    webhookURL: secretValue('URL of the workflow.'),
    title: template('Title.'),
    text: template('Text.'),
  },
  { description: 'Microsoft Teams by workflow.' },
);

const rocketchatAction = object(
  {
    type: text('Kind, for example button.'),
    text: text('Label.'),
    url: text('Where it leads.'),
    imageURL: text('Picture.'),
    isWebView: flag('Whether it opens inside the chat.'),
    webviewHeightRatio: text('Height of that view.'),
    msg: text('Message to send.'),
    msgInChatWindow: flag('Whether the message is written in the chat.'),
    msgProcessingType: optional(
      choice(['sendMessage', 'respondWithMessage'], { description: 'What becomes of the message.' }),
    ),
  },
  { description: 'A button.' },
);

export const rocketchat = object(
  {
    ...httpReceiver,
    apiURL: url("API; default: the stack's."),
    tokenID: secret('Id of the token.'),
    token: secret('Token.'),
    channel: template('Channel.'),
    color: template('Colour of the bar.'),
    title: template('Title.'),
    titleLink: template('Where the title leads.'),
    text: template('Text.'),
    fields: fieldList('Table below the text.'),
    shortFields: flag('Whether fields are short by default.'),
    emoji: template('Emoji of the sender.'),
    iconURL: template('Picture of the sender.'),
    imageURL: template('Picture.'),
    thumbURL: template('Small picture.'),
    linkNames: flag('Whether names and channels become links.'),
    actions: optional(atomicList(rocketchatAction, { description: 'Buttons.', maxItems: 16 })),
  },
  { description: 'Rocket.Chat.' },
);

export const telegram = object(
  {
    ...httpReceiver,
    apiURL: url('API; default: https://api.telegram.org.'),
    botToken: secret("Token of the bot; default: the stack's."),
    chatID: integer({ description: 'Chat.' }),
    messageThreadID: optional(integer({ description: 'Thread in the chat.', format: 'int32' })),
    message: template('Text.'),
    disableNotifications: flag('Whether to send silently.'),
    parseMode: optional(
      choice(['', 'Markdown', 'MarkdownV2', 'HTML'], { description: 'Markup of the text; default: HTML.' }),
    ),
  },
  { description: 'Telegram.' },
);

export const webex = object(
  {
    ...httpReceiver,
    apiURL: url("API; default: the stack's."),
    message: template('Text.'),
    roomID: string({ description: 'Room; a template.', minLength: 1, maxLength: 2048 }),
  },
  {
    description: 'Webex Teams.',
    rules: [
      {
        rule: 'has(self.httpConfig)',
        message: 'webex needs httpConfig.authorization with the token of the bot',
      },
    ],
  },
);

export const wechat = object(
  {
    ...httpReceiver,
    apiSecret: secret("Secret of the application; default: the stack's."),
    corpID: text("Corporation; default: the stack's."),
    apiURL: url("API; default: the stack's."),
    message: template('Text.'),
    toUser: template('Users.'),
    toParty: template('Parties.'),
    toTag: template('Tags.'),
    agentID: template('Agent.'),
    messageType: optional(
      choice(['text', 'markdown'], { description: 'Markup of the text; default: text.' }),
    ),
  },
  { description: 'WeChat.' },
);
