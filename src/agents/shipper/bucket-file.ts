import { readFile } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { Bucket } from '../../storage-engine/bucket/bucket.ts';
import { parseObjectStoreConfig } from '../../storage-engine/bucket/objstore-config.ts';
import { openBucket } from '../../storage-engine/bucket/open-bucket.ts';

/** Where a bucket is: a file that describes it, or a folder that is it. */
export type BucketPlace = { readonly objstoreConfig: string } | { readonly bucketDir: string };

/** The bucket of a place. A description is read before each use: credentials are rotated in place. */
export class BucketFile {
  private readonly place: BucketPlace;
  private readonly ports: { readonly clock: Clock; readonly random: Random };
  private opened: { text: string; bucket: Bucket } | undefined;

  constructor(place: BucketPlace, ports: { readonly clock: Clock; readonly random: Random }) {
    this.place = place;
    this.ports = ports;
  }

  async bucket(): Promise<Bucket> {
    const text = 'bucketDir' in this.place ? '' : await readConfig(this.place.objstoreConfig);
    if (this.opened?.text === text) return this.opened.bucket;
    const config =
      'bucketDir' in this.place
        ? ({ type: 'FILESYSTEM', directory: this.place.bucketDir, prefix: '' } as const)
        : parseObjectStoreConfig(text);
    const bucket = await openBucket(config, this.ports);
    await this.opened?.bucket.close();
    this.opened = { text, bucket };
    return bucket;
  }

  async close(): Promise<void> {
    await this.opened?.bucket.close();
    this.opened = undefined;
  }
}

function readConfig(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => {
    throw new CodedError('BucketConfigInvalid', `${file} cannot be read`);
  });
}
