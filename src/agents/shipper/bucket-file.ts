import { readFile } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import { CodedError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { Bucket } from '../../storage-engine/bucket/bucket.ts';
import { parseObjectStoreConfig } from '../../storage-engine/bucket/objstore-config.ts';
import { openBucket } from '../../storage-engine/bucket/open-bucket.ts';

/** The bucket that a file describes, opened anew when the file changes: credentials are rotated in place. */
export class BucketFile {
  private readonly file: string;
  private readonly ports: { readonly clock: Clock; readonly random: Random };
  private opened: { text: string; bucket: Bucket } | undefined;

  constructor(file: string, ports: { readonly clock: Clock; readonly random: Random }) {
    this.file = file;
    this.ports = ports;
  }

  async bucket(): Promise<Bucket> {
    const text = await readFile(this.file, 'utf8').catch(() => {
      throw new CodedError('BucketConfigInvalid', `${this.file} cannot be read`);
    });
    if (this.opened?.text === text) return this.opened.bucket;
    const bucket = await openBucket(parseObjectStoreConfig(text), this.ports);
    await this.opened?.bucket.close();
    this.opened = { text, bucket };
    return bucket;
  }

  async close(): Promise<void> {
    await this.opened?.bucket.close();
    this.opened = undefined;
  }
}
