import {
  anyValue,
  flag,
  httpReceiver,
  secret,
  template,
  text,
  textMap,
  tlsConfig,
  url,
} from './receiver-common.ts';
import { choice, integer, object, optional, string } from './schema.ts';
import { goDuration } from './values.ts';

/** Webhook, e-mail and Amazon SNS, one typed object each. Source: the receivers of Alertmanager 0.33. */

export const webhook = object(
  {
    ...httpReceiver,
    url: url('Where to post; may be a template after the host.'),
    urlFrom: secret('Where to post, when the URL itself is a secret.'),
    maxAlerts: optional(integer({ description: 'Most alerts in one message; 0: all.', minimum: 0 })),
    timeout: optional(goDuration('Most time for one request.')),
    payload: anyValue('Body to send instead of the standard one; strings in it are templates.'),
  },
  {
    description: 'An HTTP endpoint of your own.',
    rules: [
      {
        rule: 'has(self.url) != has(self.urlFrom)',
        message: 'exactly one of url and urlFrom must be set',
      },
    ],
  },
);

export const email = object(
  {
    sendResolved: flag('Whether to notify when alerts are resolved.'),
    to: string({ description: 'Recipients, comma separated; a template.', minLength: 1, maxLength: 8192 }),
    from: text("Sender; default: the stack's."),
    hello: text('Name to greet the server with.'),
    smarthost: optional(
      string({
        description: "Mail server, host:port; default: the stack's.",
        maxLength: 512,
        pattern: '^[^\\s]+:[0-9]+$',
      }),
    ),
    authUsername: text('User.'),
    authPassword: secret('Password.'),
    authSecret: secret('Secret for CRAM-MD5.'),
    authIdentity: text('Identity for PLAIN.'),
    headers: textMap('Further headers.'),
    html: template('HTML body.'),
    text: template('Plain body.'),
    requireTLS: flag('Whether to refuse servers without TLS; default: true.'),
    tlsConfig,
    forceImplicitTLS: flag('Whether to speak TLS from the start; default: by the port.'),
    threading: optional(
      object(
        {
          enabled: flag('Whether mails of one group form a thread.'),
          threadByDate: optional(
            choice(['none', 'daily'], { description: 'Whether a day begins a new thread.' }),
          ),
        },
        {
          description: 'Threads.',
          rules: [
            {
              rule: '!(has(self.enabled) && self.enabled) || has(self.threadByDate)',
              message: 'threadByDate must be none or daily when threading is enabled',
            },
          ],
        },
      ),
    ),
  },
  { description: 'E-mail.' },
);

export const sns = object(
  {
    ...httpReceiver,
    apiURL: text('API; default: by the region.'),
    sigv4: optional(
      object(
        {
          region: text('Region.'),
          accessKey: secret('Access key.'),
          secretKey: secret('Secret key.'),
          roleARN: text('Role to take on.'),
          externalID: text('External id for the role.'),
          useFipsSTSEndpoint: flag('Whether to use the FIPS endpoint of STS.'),
          serviceName: text('Service name to sign for.'),
        },
        {
          description: 'How requests are signed.',
          rules: [
            {
              rule: 'has(self.accessKey) == has(self.secretKey)',
              message: 'accessKey and secretKey must be set together',
            },
          ],
        },
      ),
    ),
    topicARN: template('Topic.'),
    phoneNumber: template('Phone number.'),
    targetARN: template('Endpoint.'),
    subject: template('Subject.'),
    message: template('Text.'),
    attributes: textMap('Message attributes.'),
    useAWSHTTPClient: flag("Whether to use the AWS SDK's HTTP client."),
  },
  {
    description: 'Amazon SNS.',
    rules: [
      {
        rule: '[has(self.topicARN), has(self.phoneNumber), has(self.targetARN)].filter(x, x).size() == 1',
        message: 'exactly one of topicARN, phoneNumber and targetARN must be set',
      },
    ],
  },
);
