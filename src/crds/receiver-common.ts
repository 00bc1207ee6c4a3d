import { Type } from 'typebox';
import {
  atomicList,
  boolean,
  choice,
  mapOf,
  type Of,
  object,
  optional,
  passThrough,
  string,
} from './schema.ts';
import { secretValue } from './values.ts';

/** Parts of several receivers. Field names are Alertmanager's in camel case; see alertmanager-keys.ts. */

/** Text that Alertmanager expands as a Go template. */
export function template(description: string) {
  return optional(string({ description, maxLength: 16384 }));
}

export function text(description: string, options: { minLength?: number } = {}) {
  return optional(string({ description, maxLength: 2048, ...options }));
}

export function requiredText(description: string) {
  return string({ description, minLength: 1, maxLength: 2048 });
}

export function url(description: string) {
  return optional(string({ description, maxLength: 4096, pattern: '^https?://.+$' }));
}

export function flag(description: string) {
  return optional(boolean({ description }));
}

export function secret(description: string) {
  return optional(secretValue(description));
}

export function textMap(description: string) {
  return optional(
    mapOf(string({ description: 'A value; may be a template.', maxLength: 16384 }), {
      description,
      maxProperties: 64,
    }),
  );
}

/** Values of any JSON type under free keys; strings in them may be templates. */
export function freeFields(description: string) {
  return optional(passThrough(description));
}

/** A value of any JSON type. */
export function anyValue(description: string) {
  return optional(Type.Unsafe<unknown>({ description, 'x-kubernetes-preserve-unknown-fields': true }));
}

const tlsVersion = (description: string) =>
  optional(choice(['TLS10', 'TLS11', 'TLS12', 'TLS13'], { description }));

export const tlsConfig = optional(
  object(
    {
      ca: secret('PEM certificates of the authorities to trust.'),
      cert: secret('PEM client certificate.'),
      key: secret('PEM key of the client certificate.'),
      serverName: text('Name that the server certificate must carry.'),
      insecureSkipVerify: flag('Accept any server certificate.'),
      minVersion: tlsVersion('Oldest TLS version to accept.'),
      maxVersion: tlsVersion('Newest TLS version to use.'),
    },
    { description: 'TLS of the connection.' },
  ),
);

const proxyFields = {
  proxyURL: url('Proxy to use.'),
  noProxy: text('Hosts to reach without the proxy, comma separated.'),
  proxyFromEnvironment: flag("Use the proxy of the server's environment."),
  proxyConnectHeader: optional(
    mapOf(atomicList(secretValue('A value.'), { description: 'Values of one header.', maxItems: 16 }), {
      description: 'Headers for the CONNECT request to the proxy, by name.',
      maxProperties: 32,
    }),
  ),
};

const oauth2 = optional(
  object(
    {
      clientID: requiredText('Client id.'),
      clientSecret: secret('Client secret.'),
      clientCertificateKeyID: text('Id of the key that signs assertions, instead of a client secret.'),
      clientCertificateKey: secret('PEM of the key that signs assertions.'),
      grantType: text('Grant type; default: client_credentials.'),
      signatureAlgorithm: text('Algorithm of assertions, for example RS256.'),
      iss: text('Issuer in assertions; default: the client id.'),
      audience: text('Audience in assertions.'),
      claims: freeFields('Further claims of assertions.'),
      tokenURL: string({
        description: 'Where tokens are fetched.',
        maxLength: 4096,
        pattern: '^https?://.+$',
      }),
      scopes: optional(
        atomicList(requiredText('A scope.'), { description: 'Scopes to ask for.', maxItems: 64 }),
      ),
      endpointParams: textMap('Further parameters of the token request.'),
      tlsConfig,
      ...proxyFields,
    },
    { description: 'OAuth 2 client credentials.' },
  ),
);

export const httpConfig = optional(
  object(
    {
      basicAuth: optional(
        object(
          { username: requiredText('User.'), password: secret('Password.') },
          { description: 'Basic authentication.' },
        ),
      ),
      authorization: optional(
        object(
          {
            type: text('Scheme; default: Bearer.', { minLength: 1 }),
            credentials: secretValue('What follows the scheme.'),
          },
          { description: 'The Authorization header.' },
        ),
      ),
      oauth2,
      tlsConfig,
      followRedirects: flag(
        'Follow redirects; default: false. Only where the stack lets receivers may it be true.',
      ),
      enableHTTP2: flag('Use HTTP/2 where offered; default: true.'),
      ...proxyFields,
      httpHeaders: optional(
        mapOf(
          object(
            {
              values: optional(
                atomicList(requiredText('A value.'), { description: 'Plain values.', maxItems: 16 }),
              ),
              secrets: optional(
                atomicList(secretValue('A value.'), { description: 'Values from Secrets.', maxItems: 16 }),
              ),
            },
            { description: 'Values of one header.' },
          ),
          { description: 'Further request headers, by name.', maxProperties: 32 },
        ),
      ),
    },
    {
      description: 'How the HTTP request is made.',
      opaque: 'httpConfig',
      rules: [
        {
          rule: '[has(self.basicAuth), has(self.authorization), has(self.oauth2)].filter(x, x).size() <= 1',
          message: 'at most one of basicAuth, authorization and oauth2 may be set',
        },
      ],
    },
  ),
);

/** Fields of every receiver that speaks HTTP. */
export const httpReceiver = {
  sendResolved: flag('Whether to notify when alerts are resolved.'),
  httpConfig,
};

export type HttpConfig = Of<typeof httpConfig>;
