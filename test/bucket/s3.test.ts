import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { limits } from '../../src/base/limits.ts';
import { bucketContract } from '../../src/storage-engine/bucket/bucket.contract.ts';
import { getObject } from '../../src/storage-engine/bucket/bucket.ts';
import type { S3Config } from '../../src/storage-engine/bucket/objstore-config.ts';
import { S3Bucket } from '../../src/storage-engine/bucket/s3-bucket.ts';
import { freePort } from '../support/free-port.ts';
import { s3Program } from '../support/s3-program.ts';

const accessKey = 'test-access';
const secretKey = 'test-secret-key';
let folder: string;
let server: ChildProcess;
let endpoint: string;
let buckets = 0;

async function config(): Promise<S3Config> {
  const bucket = `bucket-${++buckets}`;
  const client = new S3Client({
    endpoint: `http://${endpoint}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return {
    type: 'S3',
    bucket,
    endpoint,
    region: 'us-east-1',
    insecure: true,
    accessKey,
    secretKey,
    sessionToken: undefined,
    pathStyle: true,
    prefix: '',
  };
}

beforeAll(async () => {
  const program = await s3Program();
  folder = await mkdtemp(join(tmpdir(), 's3-'));
  endpoint = `127.0.0.1:${await freePort()}`;
  server = spawn(
    program,
    ['--port', endpoint, '--access', accessKey, '--secret', secretKey, 'posix', folder],
    { stdio: 'ignore' },
  );
  for (let attempt = 0; ; attempt++) {
    const up = await fetch(`http://${endpoint}/`).then(
      () => true,
      () => false,
    );
    if (up) return;
    if (attempt > 200 || server.exitCode !== null)
      throw new Error(`versitygw did not start (exit code ${server.exitCode})`);
    await systemClock.sleep(50);
  }
}, 300_000);

afterAll(async () => {
  server?.kill('SIGKILL');
  if (folder) await rm(folder, { recursive: true, force: true });
});

bucketContract('an S3 server', async () => new S3Bucket(await config(), systemClock));

describe('an S3 server', () => {
  it('takes a file in several parts and gives it back', async () => {
    const bucket = new S3Bucket(await config(), systemClock);
    const file = join(folder, 'large');
    const content = Buffer.alloc(limits.s3PartBytes + 5_000_000);
    for (let i = 0; i < content.length; i += 4096) content.writeUInt32BE(i, i);
    await writeFile(file, content);
    await bucket.put('large', { file });
    expect(await bucket.head('large')).toMatchObject({ sizeBytes: content.length });
    const middle = limits.s3PartBytes - 1000;
    expect(
      Buffer.compare(await bucket.getRange('large', middle, 2000), content.subarray(middle, middle + 2000)),
    ).toBe(0);
    await bucket.close();
  });

  it('that refuses the credentials is named as such, without them', async () => {
    const bucket = new S3Bucket({ ...(await config()), secretKey: 'wrong-hunter2' }, systemClock);
    const attempts = [
      bucket.getRange('x', 0, 1),
      bucket.put('x', new Uint8Array(1)),
      bucket.putIfAbsent('x', new Uint8Array(1)),
    ];
    for (const outcome of await Promise.allSettled(attempts)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'BucketDenied' } });
      expect(inspect(outcome, { depth: null })).not.toContain('hunter2');
    }
    await bucket.close();
  });

  it('that is away is named as such after a bounded number of tries', async () => {
    const bucket = new S3Bucket(
      { ...(await config()), endpoint: `127.0.0.1:${await freePort()}` },
      systemClock,
    );
    await expect(getObject(bucket, 'x', 10)).rejects.toMatchObject({ code: 'BucketUnavailable' });
    await expect(bucket.put('x', new Uint8Array(1))).rejects.toMatchObject({ code: 'BucketUnavailable' });
    await bucket.close();
  });
});
