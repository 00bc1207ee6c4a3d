import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { Random } from '../../base/random.ts';
import type { Bucket } from './bucket.ts';
import { FilesystemBucket } from './filesystem-bucket.ts';
import { hedged } from './hedged-bucket.ts';
import { measured } from './measured-bucket.ts';
import type { ObjectStoreConfig } from './objstore-config.ts';
import { prefixed } from './prefixed-bucket.ts';
import { counted } from './read-counts.ts';

/** Opens the bucket that a configuration describes; the S3 adapter and its SDK are loaded only where it asks for S3. */
export async function openBucket(
  config: ObjectStoreConfig,
  ports: { clock: Clock; random: Random; metrics?: Metrics },
): Promise<Bucket> {
  if (config.type === 'FILESYSTEM')
    return new FilesystemBucket(join(config.directory, config.prefix), ports.random);
  const { S3Bucket } = await import('./s3-bucket.ts');
  const remote = counted(new S3Bucket(config, ports.clock));
  // A folder's reads go past its bucket, so only those of a store are told.
  const told = ports.metrics === undefined ? remote : measured(remote, ports.clock, ports.metrics);
  const bucket = hedged(told, ports.clock, ports.metrics);
  return config.prefix === '' ? bucket : prefixed(bucket, config.prefix);
}
