/** Entries of remote_write and remote_read; fields newer than this table are refused rather than the whole configuration. */
import {
  all,
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
} from './field-checks.ts';
import { clientConflict, httpClientFields } from './http-client-fields.ts';
import { relabelFault } from './relabel-check.ts';

const common: Fields = {
  ...httpClientFields,
  url: is('an http or https URL', (value) => /^https?:\/\/./.test(String(value))),
  remote_timeout: duration,
  name: text,
  headers: textMap,
};

const queue = fields({
  capacity: count,
  max_shards: count,
  min_shards: count,
  max_samples_per_send: count,
  batch_send_deadline: duration,
  min_backoff: duration,
  max_backoff: duration,
  retry_on_http_429: flag,
  sample_age_limit: duration,
});

const metadata = fields({ send: flag, send_interval: duration, max_samples_per_send: count });

const write: Fields = {
  ...common,
  write_relabel_configs: listOf(relabelFault),
  send_exemplars: flag,
  send_native_histograms: flag,
  protobuf_message: choice('prometheus.WriteRequest', 'io.prometheus.write.v2.Request'),
  round_robin_dns: flag,
  queue_config: queue,
  metadata_config: metadata,
  sigv4: fields({
    region: text,
    access_key: text,
    secret_key: text,
    profile: text,
    role_arn: text,
    use_fips_sts_endpoint: flag,
  }),
  azuread: is('an object', isObject),
  google_iam: is('an object', isObject),
};

const complete = is('with a url', (value) => isObject(value) && value.url !== undefined);

const withoutConflict = (value: unknown) => (isObject(value) ? clientConflict(value) : undefined);

export const remoteWrite = listOf(all(fields(write), complete, withoutConflict));

export const remoteRead = listOf(
  all(
    fields({ ...common, required_matchers: textMap, read_recent: flag, filter_external_labels: flag }),
    complete,
    withoutConflict,
  ),
);
