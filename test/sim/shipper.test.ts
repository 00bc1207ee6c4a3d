import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataFolder } from '../../src/agents/shipper/data-folder.ts';
import { Shipper } from '../../src/agents/shipper/shipper.ts';
import { limits } from '../../src/base/limits.ts';
import { silentLogger } from '../../src/base/log.ts';
import { type Random, randomBelow, seededRandom } from '../../src/base/random.ts';
import type { Bucket } from '../../src/storage-engine/bucket/bucket.ts';
import { MemoryBucket } from '../../src/storage-engine/bucket/memory-bucket.ts';
import { FaultyBucket, Killed } from '../../src/storage-engine/bucket/testing/faulty-bucket.ts';
import { externalLabels, parseBlockMeta } from '../../src/storage-engine/format/block-meta.ts';
import { makeBlocks, steadySeries } from '../support/made-block.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const labels = { cluster: 'eu-1', replica: '0' };
const hour = 3_600_000;

/** A data folder whose disk is full now and then. */
class FullDisk extends DataFolder {
  readonly random: Random;
  chance = 0;

  constructor(path: string, random: Random) {
    super(path);
    this.random = random;
  }

  private full(): void {
    if (this.random.next() < this.chance)
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC', syscall: 'write' });
  }

  override async stage(ulid: string) {
    this.full();
    return super.stage(ulid);
  }

  override async setUploaded(ulids: Iterable<string>) {
    this.full();
    return super.setUploaded(ulids);
  }
}

describe('a shipper', () => {
  // In memory where the machine has such a folder: thousands of syncs to a disk take minutes.
  const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ship-sim-'));
  const source = join(root, 'data');
  let ulids: string[];
  const contents = new Map<string, Buffer>();
  beforeAll(async () => {
    ulids = await makeBlocks(root, steadySeries(2, 1_699_999_200_000, 3));
    for (const ulid of ulids)
      for (const file of ['chunks/000001', 'index'])
        contents.set(`${ulid}/${file}`, readFileSync(join(source, ulid, file)));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  function dataCopy(name: string): string {
    const path = join(root, name);
    cpSync(source, path, { recursive: true });
    return path;
  }

  /** Blocks that exist in the bucket; every one must be whole. */
  async function wholeBlocks(store: Bucket): Promise<string[]> {
    const found: string[] = [];
    for (const ulid of ulids) {
      if ((await store.head(`${ulid}/meta.json`)) === undefined) continue;
      const text = Buffer.from(await store.getRange(`${ulid}/meta.json`, 0, 1e6)).toString();
      const meta = parseBlockMeta(text, 'meta.json');
      expect(externalLabels(meta)).toEqual(labels);
      for (const { rel_path, size_bytes } of meta.thanos?.files ?? [])
        if (rel_path !== 'meta.json')
          expect((await store.head(`${ulid}/${rel_path}`))?.sizeBytes).toBe(size_bytes);
      for (const [key, content] of contents)
        if (key.startsWith(ulid)) expect(Buffer.compare(await store.getRange(key, 0, 1e9), content)).toBe(0);
      found.push(ulid);
    }
    return found;
  }

  function listed(path: string): string[] {
    const file = join(path, 'thanos.shipper.json');
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).uploaded : [];
  }

  it('ships every block once, whatever the store, the disk and kills do (1000 schedules)', async () => {
    let kills = 0;
    let errors = 0;
    for (let seed = 1; seed <= 1000; seed++) {
      const random = seededRandom(seed);
      const path = dataCopy(`data-${seed}`);
      const clock = new VirtualClock();
      const store = new MemoryBucket(clock);
      const rough = random.next() < 0.7;
      const bucket = new FaultyBucket(
        store,
        random,
        rough ? { refused: 0.1, lostAnswer: 0.1, staleList: 0.3, bitRot: 0.03 } : {},
      );
      const folder = () => {
        const disk = new FullDisk(path, random);
        disk.chance = rough ? 0.1 : 0;
        return disk;
      };
      const start = () =>
        new Shipper(
          {
            folder: folder(),
            bucket: async () => bucket,
            labels: async () => labels,
            clock,
            random,
            log: silentLogger,
          },
          { compacted: false, source: 'sidecar' },
        );
      let shipper = start();
      const signal = new AbortController().signal;
      for (let round = 0; ; round++) {
        expect(round, `seed ${seed}`).toBeLessThan(500);
        bucket.killAt = random.next() < 0.5 ? bucket.operations + 1 + randomBelow(random, 60) / 2 : undefined;
        if (rough && round > 40) bucket.faults = {};
        let done = false;
        try {
          done = await shipper.round(signal);
        } catch (error) {
          expect(error).toBeInstanceOf(Killed);
          kills++;
          shipper = start();
        }
        errors += shipper.state.error === undefined ? 0 : 1;
        bucket.killAt = undefined;
        const whole = await wholeBlocks(store).catch((error) => {
          throw new Error(`seed ${seed}: ${error.message}`);
        });
        // What Prometheus may compact because of the file is in the bucket.
        for (const ulid of listed(path)) expect(whole, `seed ${seed}`).toContain(ulid);
        if (done) break;
        await clock.advance(limits.shipperRetryMaxMs);
      }
      expect(await wholeBlocks(store), `seed ${seed}`).toEqual(ulids);
      expect(listed(path)).toEqual(ulids);
      expect(existsSync(join(path, 'promfleet-upload'))).toBe(false);
      rmSync(path, { recursive: true });
    }
    expect(kills).toBeGreaterThan(500);
    expect(errors).toBeGreaterThan(500);
  }, 400_000);

  it('leaves out a block with a flipped bit by name, ships the others and tells its lag', async () => {
    const path = dataCopy('rotten');
    const clock = new VirtualClock();
    const store = new MemoryBucket(clock);
    const bad = ulids[1]!;
    const file = join(path, bad, 'chunks', '000001');
    const bytes = readFileSync(file);
    bytes[statSync(file).size >> 1]! ^= 4;
    rmSync(file);
    writeFileSync(file, bytes);
    const shipper = new Shipper(
      {
        folder: new DataFolder(path),
        bucket: async () => store,
        labels: async () => labels,
        clock,
        random: seededRandom(1),
        log: silentLogger,
      },
      { compacted: false, source: 'sidecar' },
    );
    const signal = new AbortController().signal;
    expect(await shipper.round(signal)).toBe(false);
    expect(shipper.state).toMatchObject({ uploads: ulids.length - 1, waitingBlocks: 1 });
    expect(shipper.state.troubles).toMatchObject([{ ulid: bad, code: 'BlockRefused' }]);
    expect(listed(path)).toEqual(ulids.filter((ulid) => ulid !== bad));
    expect(await store.head(`${bad}/index`)).toBeUndefined();
  });

  it('demands labels, and waits where it cannot read them', async () => {
    const path = dataCopy('unlabelled');
    const clock = new VirtualClock();
    const shipper = new Shipper(
      {
        folder: new DataFolder(path),
        bucket: async () => new MemoryBucket(clock),
        labels: async () => ({}),
        clock,
        random: seededRandom(1),
        log: silentLogger,
      },
      { compacted: false, source: 'sidecar' },
    );
    expect(await shipper.round(new AbortController().signal)).toBe(false);
    expect(shipper.state).toMatchObject({ error: { code: 'ExternalLabelsMissing' }, uploads: 0 });
    expect(shipper.state.lagMs).toBeGreaterThan(hour);
  });
});
