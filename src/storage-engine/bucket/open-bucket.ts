import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Bucket } from './bucket.ts';
import { FilesystemBucket } from './filesystem-bucket.ts';
import type { ObjectStoreConfig } from './objstore-config.ts';
import { prefixed } from './prefixed-bucket.ts';

/** Opens the bucket that a configuration describes; the S3 adapter and its SDK are loaded only where it asks for S3. */
export async function openBucket(
  config: ObjectStoreConfig,
  ports: { clock: Clock; random: Random },
): Promise<Bucket> {
  if (config.type === 'FILESYSTEM')
    return new FilesystemBucket(join(config.directory, config.prefix), ports.random);
  const { S3Bucket } = await import('./s3-bucket.ts');
  const bucket = new S3Bucket(config, ports.clock);
  return config.prefix === '' ? bucket : prefixed(bucket, config.prefix);
}
