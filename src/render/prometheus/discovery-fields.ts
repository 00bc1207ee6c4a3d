/** Service discovery sections that are checked field by field; those of other systems are passed on as they are. */
import {
  all,
  type Check,
  choice,
  count,
  duration,
  type Fields,
  fields,
  flag,
  is,
  isObject,
  listOf,
  text,
  textMap,
  texts,
} from './field-checks.ts';
import { clientConflict, httpClientFields } from './http-client-fields.ts';

const needs = (...names: readonly string[]): Check => {
  return (value) => {
    const missing = isObject(value)
      ? names.find((name) => value[name] === undefined || value[name] === '')
      : undefined;
    return missing === undefined ? undefined : `needs ${missing}`;
  };
};

const withClient = (table: Fields): Check =>
  all(fields({ ...httpClientFields, ...table }), (value) =>
    isObject(value) ? clientConflict(value) : undefined,
  );

const targets = listOf(
  is('a host with an optional port', (value) => typeof value === 'string' && !value.includes('/')),
);

const role = choice('node', 'pod', 'service', 'endpoints', 'endpointslice', 'ingress');

const tables: Readonly<Record<string, Check>> = {
  static_configs: fields({ targets, labels: textMap }),
  dns_sd_configs: all(
    fields({
      names: texts,
      type: choice('SRV', 'A', 'AAAA', 'MX', 'NS'),
      port: count,
      refresh_interval: duration,
    }),
    needs('names'),
    is('with a port for this type', (value) => {
      const { type = 'SRV', port } = value as Record<string, unknown>;
      return type === 'SRV' || type === 'MX' || type === 'NS' || port !== undefined;
    }),
  ),
  http_sd_configs: all(
    withClient({
      url: is('an http or https URL', (value) => /^https?:\/\/./.test(String(value))),
      refresh_interval: duration,
    }),
    needs('url'),
  ),
  kubernetes_sd_configs: all(
    withClient({
      api_server: text,
      role,
      namespaces: fields({ own_namespace: flag, names: texts }),
      selectors: listOf(all(fields({ role, label: text, field: text }), needs('role'))),
      attach_metadata: fields({ node: flag, namespace: flag }),
    }),
    needs('role'),
  ),
};

/** Systems that Prometheus finds targets in, beside those of the tables. */
const others = new Set(
  (
    'aws azure consul digitalocean docker dockerswarm ec2 ecs eureka gce hetzner ionos kuma lightsail linode marathon ' +
    'nerve nomad openstack ovhcloud puppetdb scaleway serverset stackit triton uyuni vultr'
  )
    .split(' ')
    .map((system) => `${system}_sd_configs`),
);

/** The check of one `*_sd_configs` or `static_configs` list. */
export function discoveryCheck(name: string): Check {
  const table = tables[name];
  if (table !== undefined) return listOf(table);
  return others.has(name) ? listOf(is('an object', isObject)) : () => 'is no known field';
}
