import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { bucketContract } from './bucket.contract.ts';
import { FilesystemBucket } from './filesystem-bucket.ts';
import { MemoryBucket } from './memory-bucket.ts';
import { parseObjectStoreConfig } from './objstore-config.ts';
import { openBucket } from './open-bucket.ts';
import { prefixed } from './prefixed-bucket.ts';
import { RequestSigner } from './sigv4.ts';

const folder = () => mkdtemp(join(tmpdir(), 'bucket-'));

bucketContract('memory', async () => new MemoryBucket(systemClock));
bucketContract('a folder', async () => new FilesystemBucket(await folder(), seededRandom(1)));
bucketContract('a prefix of another bucket', async () => prefixed(new MemoryBucket(systemClock), 'team/x'));

describe('a folder as a bucket', () => {
  it('leaves no partial file and no empty folder behind', async () => {
    const root = await folder();
    const bucket = new FilesystemBucket(root, seededRandom(2));
    await bucket.put('deep/er/x', new Uint8Array(3));
    await bucket.putIfAbsent('deep/er/x', new Uint8Array(1));
    expect(await readdir(join(root, 'deep/er'))).toEqual(['x']);
    await bucket.delete('deep/er/x');
    expect(await readdir(root)).toEqual([]);
  });
});

describe('parseObjectStoreConfig', () => {
  it('reads a folder and opens it', async () => {
    const directory = await folder();
    const config = parseObjectStoreConfig(
      `type: filesystem\nconfig:\n  directory: ${JSON.stringify(directory)}\nprefix: /x/\n`,
    );
    expect(config).toEqual({ type: 'FILESYSTEM', directory, prefix: 'x' });
    const bucket = await openBucket(config, { clock: systemClock, random: seededRandom(3) });
    await bucket.put('k', new Uint8Array(1));
    expect(await readdir(join(directory, 'x'))).toEqual(['k']);
  });

  it.each([
    ['s3.eu-west-1.amazonaws.com', 'auto', false],
    ['minio:9000', 'auto', true],
    ['minio:9000', 'virtual-hosted', false],
    ['s3.eu-west-1.amazonaws.com', 'path', true],
  ])('puts the bucket of %s with lookup %s in the path: %s', (endpoint, lookup, pathStyle) => {
    expect(
      parseObjectStoreConfig(
        `type: S3\nconfig: {bucket: b, endpoint: "${endpoint}", bucket_lookup_type: ${lookup}}`,
      ),
    ).toMatchObject({ pathStyle });
  });

  it.each([
    ['not YAML', 'a: [', 'it is not YAML'],
    ['no map', '- a', 'not a map'],
    ['an unknown type', 'type: TAPE', '"TAPE" is not one of'],
    ['a key that is not supported', 'type: S3\nconfig: {bucket: b, part_sise: 1}', 'config.part_sise'],
    ['half a credential', 'type: S3\nconfig: {bucket: b, access_key: hunter2}', 'given together'],
    ['an endpoint with a scheme', 'type: S3\nconfig: {bucket: b, endpoint: "https://x"}', 'without a scheme'],
  ])('refuses %s and never repeats a value of a credential', (_name, text, reason) => {
    expect(() => parseObjectStoreConfig(text)).toThrow(reason);
    try {
      parseObjectStoreConfig(text);
    } catch (error) {
      expect(error).toMatchObject({ code: 'BucketConfigInvalid' });
      expect(String(error)).not.toContain('hunter2');
    }
  });
});

describe('RequestSigner', () => {
  it('signs the published example of a range read', () => {
    const key = {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    };
    const signer = new RequestSigner('us-east-1');
    const headers = signer.headers(
      'GET',
      'examplebucket.s3.amazonaws.com',
      '/test.txt',
      'bytes=0-9',
      key,
      Date.UTC(2013, 4, 24),
    );
    expect(headers.authorization).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });
});
