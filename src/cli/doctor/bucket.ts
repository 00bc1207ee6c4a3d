import { CodedError, describeError } from '../../base/errors.ts';
import type { Bucket } from '../../storage-engine/bucket/bucket.ts';
import type { Finding } from './finding.ts';

const content = new TextEncoder().encode('promfleet doctor was here');

/**
 * Tries what shippers, query servers and compactors do: write, read, list, delete, with one small object of a name of
 * its own. Whatever was written is removed again where deleting works.
 */
export async function tryBucket(
  bucket: Bucket,
  name: string,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const key = `debug/promfleet-doctor-${name}`;
  const steps: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['write', () => bucket.put(key, content, signal)],
    ['read', () => readBack(bucket, key, signal)],
    ['list', () => listed(bucket, key, signal)],
    ['write only where absent', () => refusedTwice(bucket, key, signal)],
    ['delete', () => bucket.delete(key, signal)],
  ];
  const findings: Finding[] = [];
  for (const [step, run] of steps) {
    const error = await run().then(
      () => undefined,
      (reason: unknown) => {
        if (reason instanceof CodedError) return describeError(reason);
        throw reason;
      },
    );
    if (error === undefined) continue;
    findings.push({
      check: 'bucket',
      verdict: 'fault',
      message: `${step}: ${error}`,
      action: actions[step] ?? 'See the rights of the credentials, the endpoint and the region.',
    });
    // What was never written can be neither read nor listed.
    if (step === 'write') break;
  }
  if (findings.length > 0) return findings;
  return [
    { check: 'bucket', verdict: 'ok', message: `${bucket.description}: write, read, list and delete work` },
  ];
}

const actions: Readonly<Record<string, string>> = {
  'write only where absent':
    'The store has no conditional writes: run one compactor only, and no other system beside it.',
  delete: 'Only the compactor needs to delete; shippers and query servers do without.',
};

async function readBack(bucket: Bucket, key: string, signal: AbortSignal): Promise<void> {
  const read = await bucket.getRange(key, 0, content.length, signal);
  if (!Buffer.from(read).equals(content))
    throw new CodedError(
      'BucketUnavailable',
      `${bucket.description}: ${key} reads other than it was written`,
    );
}

async function listed(bucket: Bucket, key: string, signal: AbortSignal): Promise<void> {
  for await (const page of bucket.list(key, { signal }))
    if (page.objects.some((object) => object.key === key)) return;
  throw new CodedError('BucketUnavailable', `${bucket.description}: ${key} was written and is not listed`);
}

async function refusedTwice(bucket: Bucket, key: string, signal: AbortSignal): Promise<void> {
  if (await bucket.putIfAbsent(key, content, signal))
    throw new CodedError(
      'BucketUnavailable',
      `${bucket.description}: ${key} was stored although it was there`,
    );
}
