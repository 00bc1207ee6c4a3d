import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { randomBelow, seededRandom } from '../../src/base/random.ts';
import { mountPaths } from '../../src/render/names.ts';
import { shippingFlags } from '../../src/render/prometheus/versions.ts';
import { checkBlock } from '../../src/storage-engine/block/health.ts';
import { FilesystemBucket } from '../../src/storage-engine/bucket/filesystem-bucket.ts';
import { blockNames, makeBlocks, steadySeries } from '../support/made-block.ts';
import { newPrometheus } from '../support/prometheus-next.ts';
import { startPrometheus } from '../support/prometheus-process.ts';

const program = join(import.meta.dirname, '..', '..', 'bin', 'promfleet');

async function flagsOf(url: string): Promise<Record<string, string>> {
  const answer = (await (await fetch(`${url}/api/v1/status/flags`)).json()) as {
    data: Record<string, string>;
  };
  return answer.data;
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function promfleet(args: readonly string[], killAfterMs?: number): Promise<Ended> {
  const child = spawn(program, [...args], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let out = '';
  let err = '';
  child.stdout.on('data', (part) => (out += part));
  child.stderr.on('data', (part) => (err += part));
  if (killAfterMs !== undefined)
    systemClock.sleep(killAfterMs).then(() => {
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // It ended before.
      }
    });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

describe('promfleet shipper', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shipper-'));
  const bucketDir = join(folder, 'bucket');
  const config = join(folder, 'objstore.yml');
  let ulids: string[];
  beforeAll(async () => {
    writeFileSync(config, `type: FILESYSTEM\nconfig:\n  directory: ${bucketDir}\n`);
    ulids = await makeBlocks(folder, steadySeries(200, 1_699_999_200_000, 5));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const ship = (data: string, ...more: string[]) => [
    'shipper',
    `--tsdb-dir=${data}`,
    `--objstore-config=${config}`,
    '--once',
    ...more,
  ];

  it('killed again and again, ends with every block whole in the bucket', async () => {
    const data = join(folder, 'killed');
    cpSync(join(folder, 'data'), data, { recursive: true });
    const random = seededRandom(7);
    const args = ship(data, '--label=cluster=eu-1', '--label=replica=a');
    for (let round = 0; round < 6; round++) await promfleet(args, 300 + randomBelow(random, 1500));
    const ended = await promfleet(args);
    expect(ended.err).not.toContain('could not');
    expect(ended.code).toBe(0);
    const bucket = new FilesystemBucket(bucketDir, random);
    for (const ulid of ulids) {
      const health = await checkBlock(bucket, ulid, 'chunks');
      expect(health.faults).toEqual([]);
      expect(health.meta.thanos).toMatchObject({
        labels: { cluster: 'eu-1', replica: 'a' },
        downsample: { resolution: 0 },
        source: 'sidecar',
        segment_files: ['000001'],
      });
    }
    expect(JSON.parse(readFileSync(join(data, 'thanos.shipper.json'), 'utf8'))).toEqual({
      version: 1,
      uploaded: ulids,
    });
    expect(await promfleet(args)).toMatchObject({
      code: 0,
      out: 'shipped 0, waiting 0, compacted and not shipped 0\n',
    });
  });

  it('without labels says so and ships nothing', async () => {
    const ended = await promfleet(ship(join(folder, 'data')));
    expect(ended).toMatchObject({ code: 1, out: '' });
    expect(ended.err).toContain('ExternalLabelsMissing');
  });

  it('takes the labels of a running Prometheus, and ships with them', async () => {
    const own = join(folder, 'live');
    mkdirSync(own);
    const live = await startPrometheus(own, {
      config:
        'global:\n  external_labels: {cluster: eu-2, replica: b}\nstorage:\n  tsdb: {out_of_order_time_window: 2h}\n',
      args: shippingFlags('v3.5.3'),
    });
    try {
      expect(await flagsOf(live.url)).toMatchObject({
        'storage.tsdb.max-block-duration': '2h',
        'storage.tsdb.allow-overlapping-compaction': 'false',
      });
      const data = join(own, 'data');
      cpSync(join(folder, 'data', ulids[0]!), join(data, ulids[0]!), { recursive: true });
      const ended = await promfleet(ship(data, `--prometheus-url=${live.url}`));
      expect(ended).toMatchObject({ code: 0 });
      const meta = JSON.parse(readFileSync(join(bucketDir, ulids[0]!, 'meta.json'), 'utf8'));
      expect(meta.thanos.labels).toMatchObject({ cluster: 'eu-2', replica: 'b' });
    } finally {
      await live.stop();
    }
    expect(existsSync(join(own, 'data', 'promfleet-upload'))).toBe(false);
    expect(blockNames(bucketDir)).toEqual(ulids);
  });

  it('tells a Prometheus from 3.9 on which blocks it may compact', async () => {
    const own = join(folder, 'next');
    mkdirSync(own);
    const args = shippingFlags('v3.14.0').map((flag) => flag.replace(mountPaths.data, join(own, 'data')));
    expect(args).toHaveLength(1);
    const live = await startPrometheus(own, { args, program: await newPrometheus() });
    try {
      expect(await flagsOf(live.url)).toMatchObject({
        'storage.tsdb.delay-compact-file.path': join(own, 'data', 'thanos.shipper.json'),
      });
    } finally {
      await live.stop();
    }
  }, 900_000);
});
