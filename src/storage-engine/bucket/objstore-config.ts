import { load } from 'js-yaml';
import { CodedError } from '../../base/errors.ts';

export interface FilesystemConfig {
  readonly type: 'FILESYSTEM';
  readonly directory: string;
  readonly prefix: string;
}

/** Thanos's S3 settings that promfleet honours; any other key is refused rather than ignored. */
export interface S3Config {
  readonly type: 'S3';
  readonly bucket: string;
  /** Host and port, without a scheme; the AWS endpoint of the region where it is absent. */
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  /** Plain HTTP. */
  readonly insecure: boolean;
  readonly accessKey: string | undefined;
  readonly secretKey: string | undefined;
  readonly sessionToken: string | undefined;
  /** Bucket in the path of the URL rather than in its host name. */
  readonly pathStyle: boolean;
  readonly prefix: string;
}

export type ObjectStoreConfig = FilesystemConfig | S3Config;

const s3Keys = new Set([
  'bucket',
  'endpoint',
  'region',
  'insecure',
  'access_key',
  'secret_key',
  'session_token',
  'bucket_lookup_type',
  'aws_sdk_auth',
]);
const maxConfigBytes = 64 * 1024;

/** Reads Thanos's `objstore.yml`. Values never appear in an error: they may be credentials. */
export function parseObjectStoreConfig(text: string): ObjectStoreConfig {
  if (Buffer.byteLength(text) > maxConfigBytes) throw invalid(`it is larger than ${maxConfigBytes} bytes`);
  let value: unknown;
  try {
    value = load(text);
  } catch {
    throw invalid('it is not YAML');
  }
  if (!isRecord(value)) throw invalid('it is not a map with "type" and "config"');
  const unknown = Object.keys(value).filter((key) => !['type', 'config', 'prefix'].includes(key));
  if (unknown.length > 0) throw invalid(`unknown key ${JSON.stringify(unknown[0])}`);
  const config = value.config ?? {};
  if (!isRecord(config)) throw invalid('"config" is not a map');
  const prefix = trimSlashes(optionalText(value, 'prefix') ?? '');
  const type = optionalText(value, 'type')?.toUpperCase();
  if (type === 'FILESYSTEM') {
    const directory = optionalText(config, 'directory');
    if (!directory) throw invalid('config.directory is missing');
    return { type, directory, prefix };
  }
  if (type === 'S3') return s3Config(config, prefix);
  throw invalid(
    type === undefined ? '"type" is missing' : `type ${JSON.stringify(type)} is not one of FILESYSTEM, S3`,
  );
}

function s3Config(config: Record<string, unknown>, prefix: string): S3Config {
  const unknown = Object.keys(config).find((key) => !s3Keys.has(key));
  if (unknown !== undefined) throw invalid(`config.${unknown} is not supported for S3`);
  const bucket = optionalText(config, 'bucket');
  if (!bucket) throw invalid('config.bucket is missing');
  const accessKey = optionalText(config, 'access_key') || undefined;
  const secretKey = optionalText(config, 'secret_key') || undefined;
  if ((accessKey === undefined) !== (secretKey === undefined))
    throw invalid('config.access_key and config.secret_key must be given together');
  const lookup = optionalText(config, 'bucket_lookup_type') ?? 'auto';
  if (!['auto', 'virtual-hosted', 'path', ''].includes(lookup))
    throw invalid('config.bucket_lookup_type is not one of auto, virtual-hosted, path');
  const endpoint = optionalText(config, 'endpoint') || undefined;
  if (endpoint?.includes('/')) throw invalid('config.endpoint must be a host and port without a scheme');
  const amazon =
    endpoint === undefined || endpoint.endsWith('.amazonaws.com') || endpoint.endsWith('.amazonaws.com.cn');
  return {
    type: 'S3',
    bucket,
    endpoint,
    region: optionalText(config, 'region') || undefined,
    insecure: config.insecure === true,
    accessKey,
    secretKey,
    sessionToken: optionalText(config, 'session_token') || undefined,
    pathStyle: lookup === 'path' || (lookup !== 'virtual-hosted' && !amazon),
    prefix,
  };
}

function optionalText(record: Record<string, unknown>, key: string): string | undefined {
  const value = record[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(`${key} is not a text`);
  return value;
}

function trimSlashes(text: string): string {
  return text.replace(/^\/+/, '').replace(/\/+$/, '');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(reason: string): CodedError {
  return new CodedError('BucketConfigInvalid', `object store configuration: ${reason}`);
}
