/** The HTTP client part of scrape configurations and of service discovery (HTTPClientConfig of prometheus/common). */
import {
  all,
  type Check,
  choice,
  type Fields,
  fields,
  flag,
  is,
  isObject,
  text,
  textMap,
  texts,
} from './field-checks.ts';

const tlsVersion = choice('TLS10', 'TLS11', 'TLS12', 'TLS13');

const tls = fields({
  ca: text,
  cert: text,
  key: text,
  server_name: text,
  insecure_skip_verify: flag,
  min_version: tlsVersion,
  max_version: tlsVersion,
});

/** Header names to lists of values. */
const headerLists: Check = is(
  'an object of lists of texts',
  (value) => isObject(value) && Object.values(value).every((list) => texts(list) === undefined),
);

const proxy: Fields = {
  proxy_url: text,
  no_proxy: text,
  proxy_from_environment: flag,
  proxy_connect_header: headerLists,
};

const httpHeaders: Check = (value) => {
  if (!isObject(value)) return 'must be an object';
  const header = fields({ values: texts, secrets: texts });
  return Object.values(value)
    .map(header)
    .find((wrong) => wrong !== undefined);
};

export const httpClientFields: Fields = {
  basic_auth: fields({ username: text, password: text }),
  authorization: all(
    fields({ type: text, credentials: text }),
    is('of another type than basic; use basic_auth', (value) => {
      return !(isObject(value) && String(value.type).toLowerCase() === 'basic');
    }),
  ),
  oauth2: fields({
    client_id: text,
    client_secret: text,
    scopes: texts,
    token_url: text,
    endpoint_params: textMap,
    tls_config: tls,
    ...proxy,
  }),
  bearer_token: text,
  tls_config: tls,
  follow_redirects: flag,
  enable_http2: flag,
  http_headers: httpHeaders,
  ...proxy,
};

/** Ways to authenticate exclude each other. */
export function clientConflict(config: Readonly<Record<string, unknown>>): string | undefined {
  const ways = ['basic_auth', 'authorization', 'oauth2', 'bearer_token'].filter(
    (name) => config[name] !== undefined && config[name] !== null,
  );
  if (ways.length > 1) return `at most one of ${ways.join(' and ')} can be set`;
  const proxied = config.proxy_url !== undefined && config.proxy_url !== '';
  if (config.proxy_from_environment === true && proxied)
    return 'proxy_url and proxy_from_environment exclude each other';
  if (config.no_proxy !== undefined && !proxied) return 'no_proxy needs proxy_url';
  return undefined;
}
