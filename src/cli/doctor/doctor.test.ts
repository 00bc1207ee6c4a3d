import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { promfleet } from '../../../test/support/cli.ts';
import { systemClock } from '../../base/clock.ts';
import { CodedError } from '../../base/errors.ts';
import { systemRandom } from '../../base/random.ts';
import { customResourceDefinitions } from '../../crds/crd.ts';
import { connect } from '../../kube/connect.ts';
import type { KubeObject } from '../../kube/object.ts';
import { startApiServer } from '../../local/apiserver/server.ts';
import { MemoryBucket } from '../../storage-engine/bucket/memory-bucket.ts';
import { tryBucket } from './bucket.ts';
import type { Finding } from './finding.ts';

let folder: string;
let server: Awaited<ReturnType<typeof startApiServer>>;
let client: ReturnType<typeof connect>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'promfleet-doctor-'));
  server = await startApiServer();
  client = connect(
    { server: server.url, namespace: 'default', credentials: async () => ({ headers: {}, tls: {} }) },
    { clock: systemClock, random: systemRandom },
  );
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: server.url } }],
    users: [{ name: 'u', user: {} }],
  };
  writeFileSync(join(folder, 'kubeconfig'), JSON.stringify(config));
});

afterAll(async () => {
  await client.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function doctor(...args: readonly string[]) {
  const said = await promfleet(
    folder,
    'doctor',
    '--kubeconfig',
    join(folder, 'kubeconfig'),
    '--json',
    ...args,
  );
  const { findings } = JSON.parse(said.out) as { findings: readonly Finding[] };
  return { code: said.code, of: (check: string) => findings.filter((finding) => finding.check === check) };
}

describe('promfleet doctor', () => {
  it('says what is missing before anything is installed, and what is fine after', async () => {
    const before = await doctor();
    expect(before.code).toBe(1);
    expect(before.of('API server')).toMatchObject([{ verdict: 'ok' }]);
    expect(before.of('clock')).toMatchObject([{ verdict: 'ok' }]);
    expect(before.of('kinds')[0]?.message).toMatch(/not served: MonitoringStack/);
    expect(before.of('operator')).toMatchObject([{ verdict: 'unknown' }]);
    for (const definition of customResourceDefinitions())
      await client.apply(definition as unknown as KubeObject, { fieldManager: 'test' });
    const now = new Date().toISOString().replace(/Z$/, '000Z');
    await client.apply(
      {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'promfleet-operator', namespace: 'default' },
        spec: { holderIdentity: 'one', leaseDurationSeconds: 15, renewTime: now, acquireTime: now },
      } as KubeObject,
      { fieldManager: 'test' },
    );
    const after = await doctor('--bucket-dir', join(folder, 'bucket'));
    expect(after.of('kinds')).toMatchObject([{ verdict: 'ok' }]);
    expect(after.of('operator')).toMatchObject([{ verdict: 'ok', message: expect.stringMatching(/one/) }]);
    expect(after.of('rights')).toMatchObject([{ verdict: 'unknown' }]);
    expect(after.of('bucket')).toMatchObject([{ verdict: 'ok' }]);
    expect(after.code).toBe(0);
    expect(
      readdirSync(join(folder, 'bucket'), { recursive: true }).filter((name) => /doctor/.test(String(name))),
    ).toEqual([]);
  });

  it('names an API server that does not answer, and what to do', async () => {
    writeFileSync(
      join(folder, 'nobody'),
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
        clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:1' } }],
        users: [{ name: 'u', user: {} }],
      }),
    );
    const said = await promfleet(folder, 'doctor', '--kubeconfig', join(folder, 'nobody'));
    expect(said.code).toBe(1);
    expect(said.out).toMatch(/^API server +fault +.*127\.0\.0\.1:1/m);
    expect(said.out).toMatch(/^- See the address and the credentials/m);
  });

  const signal = new AbortController().signal;
  class DenyingBucket extends MemoryBucket {
    override async delete(): Promise<void> {
      throw new CodedError('BucketDenied', 'memory: delete was refused');
    }
  }
  class CarelessBucket extends MemoryBucket {
    override async putIfAbsent(): Promise<boolean> {
      return true;
    }
  }

  it.each([
    ['refuses to delete', () => new DenyingBucket(systemClock), /^delete: .*refused/],
    [
      'stores over what is there',
      () => new CarelessBucket(systemClock),
      /^write only where absent: .*although it was there/,
    ],
  ])('says of a bucket that it %s', async (_, make, message) => {
    const found = await tryBucket(make(), '1', signal);
    expect(found).toMatchObject([
      { check: 'bucket', verdict: 'fault', message: expect.stringMatching(message) },
    ]);
  });
});
