/** `http_config` of Alertmanager's receivers: prometheus/common 0.46 to 0.67, HTTPClientConfig. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  all,
  atMostOne,
  every,
  field,
  isSet,
  listOf,
  mapOf,
  needs,
  nested,
  objectOf,
  oneOf,
  type Resolved,
  type Schema,
} from './schema.ts';

export const tlsConfig: Schema = {
  fields: {
    ...all('data', 'ca cert server_name'),
    ...all('secret', 'key'),
    ...all('file', 'ca_file cert_file key_file'),
    ...all('manager', 'ca_ref cert_ref key_ref', '0.28.0'),
    ...all('boolean', 'insecure_skip_verify'),
    min_version: oneOf('TLS10', 'TLS11', 'TLS12', 'TLS13'),
    max_version: oneOf('TLS10', 'TLS11', 'TLS12', 'TLS13'),
  },
  check: every(
    (value) =>
      isSet(value, 'cert') === isSet(value, 'key')
        ? undefined
        : 'cert and key must be set together or not at all',
    (value) => {
      const [min, max] = [value.min_version, value.max_version];
      return typeof min === 'string' && typeof max === 'string' && min > max
        ? 'max_version must not be older than min_version'
        : undefined;
    },
    certificatesParse,
  ),
};

/** Alertmanager reads certificates when it loads its configuration; one that does not parse refuses the whole of it. */
function certificatesParse(value: Resolved): string | undefined {
  const { ca, cert, key } = value;
  if (typeof ca === 'string' && ca !== '' && !pemBlocks(ca).some(isCertificate)) {
    return 'ca holds no certificate in PEM form';
  }
  if (typeof cert !== 'string' || cert === '' || typeof key !== 'string') return undefined;
  const leaf = pemBlocks(cert)[0];
  if (leaf === undefined || !isCertificate(leaf)) return 'cert holds no certificate in PEM form';
  try {
    const matching = new X509Certificate(leaf).checkPrivateKey(createPrivateKey(key));
    return matching ? undefined : 'key is not the private key of cert';
  } catch {
    return 'key holds no private key in PEM form';
  }
}

function pemBlocks(text: string): readonly string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block).serialNumber !== '';
  } catch {
    return false;
  }
}

const proxyFields = {
  proxy_url: field('proxyUrl'),
  no_proxy: field('text'),
  proxy_from_environment: field('boolean'),
  proxy_connect_header: mapOf(listOf(field('secret'))),
} as const;

function proxyCheck(value: Resolved): string | undefined {
  const fromEnvironment = value.proxy_from_environment === true;
  const headers = nested(value, 'proxy_connect_header');
  if (
    headers !== undefined &&
    Object.keys(headers).length > 0 &&
    !fromEnvironment &&
    !isSet(value, 'proxy_url')
  ) {
    return 'proxy_connect_header needs proxy_url or proxy_from_environment';
  }
  if (fromEnvironment && isSet(value, 'proxy_url')) return 'proxy_from_environment excludes proxy_url';
  if (fromEnvironment && isSet(value, 'no_proxy')) return 'proxy_from_environment excludes no_proxy';
  if (isSet(value, 'no_proxy') && !isSet(value, 'proxy_url')) return 'no_proxy needs proxy_url';
  return undefined;
}

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

const oauth2: Schema = {
  fields: {
    ...all('text', 'client_id'),
    ...all('secret', 'client_secret'),
    ...all('endpoint', 'token_url'),
    ...all('file', 'client_secret_file'),
    ...all('manager', 'client_secret_ref', '0.28.0'),
    ...all('text', 'client_certificate_key_id iss audience', '0.30.0'),
    ...all('secret', 'client_certificate_key', '0.30.0'),
    ...all('file', 'client_certificate_key_file', '0.30.0'),
    ...all('manager', 'client_certificate_key_ref', '0.30.0'),
    grant_type: { type: 'text', values: ['client_credentials', jwtBearer], since: '0.30.0' },
    signature_algorithm: { type: 'text', values: ['RS256', 'RS384', 'RS512'], since: '0.30.0' },
    claims: mapOf(field('data'), '0.30.0'),
    scopes: listOf(field('text')),
    endpoint_params: mapOf(field('text')),
    tls_config: objectOf(tlsConfig),
    ...proxyFields,
  },
  check: every(
    needs('client_id', 'token_url'),
    // Newer versions load without a secret, older ones do not, and no server answers without one.
    (value) =>
      isSet(value, 'client_secret') || value.grant_type === jwtBearer
        ? undefined
        : 'client_secret is required',
    proxyCheck,
  ),
};

/** Headers that the connection itself sets (prometheus/common, ReservedHeaders). */
const reservedHeaders = new Set(
  (
    'authorization host content-encoding content-length content-type user-agent connection keep-alive ' +
    'proxy-authenticate proxy-authorization www-authenticate accept-encoding x-prometheus-remote-write-version ' +
    'x-prometheus-remote-read-version x-prometheus-scrape-timeout-seconds x-amz-date x-amz-security-token ' +
    'x-amz-content-sha256'
  ).split(' '),
);

const header: Schema = {
  fields: { values: listOf(field('data')), secrets: listOf(field('secret')), files: listOf(field('file')) },
};

export const httpConfig: Schema = {
  fields: {
    basic_auth: objectOf({
      fields: {
        ...all('text', 'username'),
        ...all('secret', 'password'),
        ...all('file', 'username_file password_file'),
        ...all('manager', 'username_ref password_ref', '0.28.0'),
      },
    }),
    authorization: objectOf({
      fields: {
        ...all('text', 'type'),
        ...all('secret', 'credentials'),
        ...all('file', 'credentials_file'),
        ...all('manager', 'credentials_ref', '0.28.0'),
      },
      check: (value) =>
        String(value.type ?? '')
          .trim()
          .toLowerCase() === 'basic'
          ? 'type must not be "basic": use basic_auth'
          : undefined,
    }),
    oauth2: objectOf(oauth2),
    ...all('secret', 'bearer_token'),
    ...all('file', 'bearer_token_file'),
    tls_config: objectOf(tlsConfig),
    follow_redirects: field('redirects'),
    ...all('boolean', 'enable_http2'),
    ...proxyFields,
    http_headers: mapOf(objectOf(header), '0.28.0'),
  },
  check: every(atMostOne('basic_auth', 'authorization', 'oauth2', 'bearer_token'), proxyCheck, (value) => {
    const reserved = Object.keys(nested(value, 'http_headers') ?? {}).find((name) =>
      reservedHeaders.has(name.toLowerCase()),
    );
    return reserved === undefined ? undefined : `http_headers must not set ${reserved}`;
  }),
};
