import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import { seededRandom } from '../../base/random.ts';
import { DiskCache } from '../block/disk-cache.ts';
import type { Bucket } from '../bucket/bucket.ts';
import { FilesystemBucket } from '../bucket/filesystem-bucket.ts';
import { MemoryBucket } from '../bucket/memory-bucket.ts';
import { counted, countReads } from '../bucket/read-counts.ts';
import { crc32c } from '../format/crc32c.ts';
import { framedSection, readIndexToc, tocBytes } from '../format/index-toc.ts';
import { makeBlock } from '../lifecycle/testing/make-block.ts';
import { parseMetricSelector } from '../promql/syntax/parse.ts';
import { BlockHolder, type BlockHolderOptions } from './block-holder.ts';

const hourMs = 3600_000;
const startMs = 1_700_000_000_000 - (1_700_000_000_000 % (2 * hourMs));
const ulids = [1, 2, 3].map((number) => `01HXXXXXXXXXXXXXXXXXXXXX0${number}`);
const scope = {
  signal: new AbortController().signal,
  timeoutMs: 60_000,
  partial: (reason: string) => expect(reason).toBe(''),
};

function series(block: number) {
  const random = seededRandom(block);
  return Array.from({ length: 1200 }, (_, i) => ({
    labels: {
      __name__: `metric_${i % 12}`,
      instance: `host-${Math.floor(i / 12)}`,
      job: ['api', 'web', 'db'][i % 3]!,
      zone: i % 61 === 0 ? 'far' : 'near',
    },
    chunks: [0, 1, 2].map((chunk) =>
      Array.from({ length: 20 }, (_, k) => {
        const at = startMs + block * 2 * hourMs + chunk * 40 * 60_000 + k * 90_000;
        return [at, BigInt(Math.floor(random.next() * 2 ** 52))] as const;
      }),
    ),
  }));
}

const selectors = {
  'one metric': 'metric_7',
  'a metric and a sparse label': 'metric_7{zone="far"}',
  'fifty alternatives': `metric_3{instance=~"${Array.from({ length: 50 }, (_, i) => `host-${i * 2}`).join('|')}"}`,
  'a regex without a name': '{instance=~"host-1."}',
} as const;

describe('blocks of a remote bucket', () => {
  let folder: string;
  let memory: MemoryBucket;
  let remote: Bucket;
  let local: BlockHolder;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'remote-blocks-'));
    memory = new MemoryBucket(systemClock);
    for (const [block, ulid] of ulids.entries()) {
      makeBlock(join(folder, 'data'), series(block), {
        ulid,
        minTime: startMs + block * 2 * hourMs,
        maxTime: startMs + (block + 1) * 2 * hourMs,
        compaction: { level: 1, sources: [ulid] },
      });
      for (const path of readdirSync(join(folder, 'data', ulid), { recursive: true, encoding: 'utf8' }))
        if (statSync(join(folder, 'data', ulid, path)).isFile())
          await memory.put(`${ulid}/${path}`, readFileSync(join(folder, 'data', ulid, path)));
    }
    remote = counted(memory);
    local = new BlockHolder(new FilesystemBucket(join(folder, 'data'), seededRandom(1)), systemClock);
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const hints = { startMs: startMs + 60_000, endMs: startMs + 6 * hourMs };
  const select = (holder: BlockHolder, selector: string) =>
    holder.select(parseMetricSelector(selector), hints, scope);
  const text = (found: Awaited<ReturnType<BlockHolder['select']>>) =>
    JSON.stringify(
      found.map(({ labels, columns }) => [labels.toString(), [...columns.timestamps], [...columns.values]]),
    );

  /** Requests per block that each way of holding indexes may take beyond the parts that are kept. */
  const ways: [string, BlockHolderOptions, Record<keyof typeof selectors, number>][] = [
    [
      'held whole',
      {},
      {
        'one metric': 2,
        'a metric and a sparse label': 2,
        'fifty alternatives': 2,
        'a regex without a name': 6,
      },
    ],
    [
      'read by section',
      { wholeBytes: 0 },
      {
        'one metric': 4,
        'a metric and a sparse label': 6,
        'fifty alternatives': 6,
        'a regex without a name': 6,
      },
    ],
  ];

  it.each(ways)(
    'whose index is %s answer as those of a folder, in few requests and with few bytes too many',
    async (_, options, allowed) => {
      const holder = new BlockHolder(remote, systemClock, options);
      const first = { requests: 0, bytes: 0 };
      await countReads(first, () => select(holder, 'metric_11{instance="host-0"}'));
      // A listing, three metas and the indexes, before the chunks.
      expect(first.requests).toBeLessThanOrEqual(1 + ulids.length * (1 + 3 + 6));
      for (const [name, selector] of Object.entries(selectors) as [keyof typeof selectors, string][]) {
        const counts = { requests: 0, bytes: 0 };
        const found = await countReads(counts, () => select(holder, selector));
        expect(text(found), name).toBe(text(await select(local, selector)));
        expect(found.length, name).toBeGreaterThan(0);
        const wanted = (await holder.selectChunks(parseMetricSelector(selector), hints, [], scope)).sizeBytes;
        expect(counts.requests, name).toBeLessThanOrEqual(ulids.length * allowed[name]);
        expect(counts.bytes, name).toBeLessThanOrEqual(
          wanted * (1 + limits.remoteWasteShare) + counts.requests * limits.remoteWasteBytes,
        );
        console.info(`${name}: ${counts.requests} requests, ${counts.bytes} bytes for ${wanted} of chunks`);
      }
    },
  );

  it('need no request for their indexes after a restart, where these are kept on disk', async () => {
    const open = () =>
      DiskCache.open(
        { folder: join(folder, 'cache'), owner: remote.description },
        { clock: systemClock, random: seededRandom(2) },
      );
    await select(new BlockHolder(remote, systemClock, { cache: await open() }), 'metric_1');
    const counts = { requests: 0, bytes: 0 };
    const again = new BlockHolder(remote, systemClock, { cache: await open() });
    const found = await countReads(counts, () => select(again, selectors['one metric']));
    expect(text(found)).toBe(text(await select(local, selectors['one metric'])));
    // A listing, three metas, and at most two reads of chunks for each block.
    expect(counts.requests).toBeLessThanOrEqual(1 + ulids.length * 3);
  });

  it('with an index of more than 4 GiB answer within a budget that is far smaller', async () => {
    const [ulid] = ulids as [string];
    const index = readFileSync(join(folder, 'data', ulid, 'index'));
    const pieces = stretched(index, 5 * 2 ** 30);
    const { sizeBytes } = pieces.at(-1)!;
    let [longest, held] = [0, 0];
    const huge: Bucket = {
      ...forwarded(memory),
      async *list() {
        const objects = [];
        for await (const page of memory.list(ulid)) objects.push(...page.objects);
        yield {
          objects: objects.map((object) =>
            object.key.endsWith('/index') ? { ...object, sizeBytes } : object,
          ),
          prefixes: [],
        };
      },
      async getRange(key, offset, lengthBytes) {
        if (!key.endsWith('/index')) return memory.getRange(key, offset, lengthBytes);
        longest = Math.max(longest, lengthBytes);
        const out = new Uint8Array(Math.min(lengthBytes, sizeBytes - offset));
        for (const piece of pieces) {
          const from = Math.max(piece.offset, offset);
          const to = Math.min(piece.offset + piece.bytes.length, offset + out.length);
          if (from < to) out.set(piece.bytes.subarray(from - piece.offset, to - piece.offset), from - offset);
        }
        held += out.length;
        return out;
      },
    };
    const holder = new BlockHolder(huge, systemClock, { budgetBytes: 512 * 1024 * 1024 });
    const only = { startMs: hints.startMs, endMs: startMs + 2 * hourMs - 1 };
    for (const selector of Object.values(selectors)) {
      const found = await holder.select(parseMetricSelector(selector), only, scope);
      expect(text(found)).toBe(text(await local.select(parseMetricSelector(selector), only, scope)));
    }
    expect(longest).toBeLessThanOrEqual(limits.readBytes);
    expect(held).toBeLessThan(64 * 1024 * 1024);
  });
});

function forwarded(bucket: MemoryBucket): Bucket {
  return {
    description: bucket.description,
    head: (key) => bucket.head(key),
    getRange: (key, offset, length) => bucket.getRange(key, offset, length),
    list: (prefix, options) => bucket.list(prefix, options),
    put: (key, body) => bucket.put(key, body),
    putIfAbsent: (key, body) => bucket.putIfAbsent(key, body),
    delete: (key) => bucket.delete(key),
    close: () => bucket.close(),
  };
}

/** The same index with all after its first series moved by `shift` bytes; each piece tells the size of all. */
function stretched(index: Buffer, shift: number): { offset: number; bytes: Uint8Array; sizeBytes: number }[] {
  const toc = readIndexToc(index.subarray(-tocBytes), index.length);
  const table = framedSection(index.subarray(toc.postingsOffsetTable), 'table');
  const first = toc.series / 16;
  const second = Math.ceil((toc.series + 1 + index[toc.series]! + 4) / 16) * 16;
  const lists = Buffer.from(index.subarray(toc.postings, toc.postingsOffsetTable));
  for (let at = 0; at + 8 <= lists.length; ) {
    const length = lists.readUInt32BE(at);
    if (length === 0) {
      at += 4;
      continue;
    }
    for (let i = at + 8; i < at + 4 + length; i += 4) {
      const reference = lists.readUInt32BE(i);
      if (reference !== first) lists.writeUInt32BE(reference + shift / 16, i);
    }
    lists.writeUInt32BE(crc32c(lists, at + 4, at + 4 + length), at + 4 + length);
    at = Math.ceil((at + 8 + length) / 4) * 4;
  }
  // Rows: two keys as texts, then the list's offset as a varint.
  const out: number[] = [...table.subarray(0, 4)];
  let at = 4;
  const uvarint = () => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = table[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  };
  const put = (value: number) => {
    for (; value >= 0x80; value = Math.floor(value / 128)) out.push((value % 128) | 0x80);
    out.push(value);
  };
  while (at < table.length) {
    put(uvarint());
    for (let key = 0; key < 2; key++) {
      const length = uvarint();
      put(length);
      out.push(...table.subarray(at, at + length));
      at += length;
    }
    put(uvarint() + shift);
  }
  const rows = Buffer.alloc(8 + out.length);
  rows.writeUInt32BE(out.length);
  rows.set(out, 4);
  rows.writeUInt32BE(crc32c(Uint8Array.from(out)), 4 + out.length);
  const tail = Buffer.alloc(tocBytes);
  const offsets = [
    toc.symbols,
    toc.series,
    ...[toc.labelIndices, toc.labelOffsetTable, toc.postings, toc.postingsOffsetTable].map((offset) =>
      offset === 0 ? 0 : offset + shift,
    ),
  ];
  for (const [i, offset] of offsets.entries()) tail.writeBigUInt64BE(BigInt(offset), i * 8);
  tail.writeUInt32BE(crc32c(tail, 0, tocBytes - 4), tocBytes - 4);
  const tableAt = toc.postingsOffsetTable + shift;
  return [
    { offset: 0, bytes: index.subarray(0, second) },
    { offset: second + shift, bytes: index.subarray(second, toc.postings) },
    { offset: toc.postings + shift, bytes: lists },
    { offset: tableAt, bytes: rows },
    { offset: tableAt + rows.length, bytes: tail },
  ].map((piece) => ({ ...piece, sizeBytes: tableAt + rows.length + tocBytes }));
}
