import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { CodedError } from '../../src/base/errors.ts';
import { type Random, randomBelow, seededRandom } from '../../src/base/random.ts';
import { MemoryBucket } from '../../src/storage-engine/bucket/memory-bucket.ts';
import { crc32c } from '../../src/storage-engine/format/crc32c.ts';
import { ProtoWriter } from '../../src/storage-engine/format/protobuf.ts';
import { decodeChunkedResponse, readFrames } from '../../src/storage-engine/format/remote-read.ts';
import { decodeTombstones } from '../../src/storage-engine/format/tombstones.ts';
import { BlockHolder } from '../../src/storage-engine/query/block-holder.ts';
import { FederatedSource } from '../../src/storage-engine/query/federation.ts';
import { decodeChunk } from '../../src/storage-engine/samples/sample-columns.ts';
import { realProgram } from '../support/programs.ts';

/** Mutations in all: a few seconds by default, the full number by FUZZ_COUNT=100000 and more. */
const count = Number(process.env.FUZZ_COUNT ?? 15_000);
const seed = Number(process.env.FUZZ_SEED ?? 1);
const start = 1_700_000_000;

/** The bytes with one to three faults: flipped bits, other bytes, a lost tail, lost, doubled or zeroed parts. */
function mutated(random: Random, bytes: Uint8Array): Uint8Array {
  let out = Uint8Array.from(bytes);
  for (let faults = 1 + randomBelow(random, 3); faults > 0; faults--) {
    const at = randomBelow(random, Math.max(1, out.length));
    const length = 1 + randomBelow(random, 16);
    switch (randomBelow(random, 6)) {
      case 0:
        out[at] = (out[at] ?? 0) ^ (1 << randomBelow(random, 8));
        break;
      case 1:
        out[at] = randomBelow(random, 256);
        break;
      case 2:
        out = out.slice(0, at);
        break;
      case 3:
        out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + length)]);
        break;
      case 4:
        out = Uint8Array.from([...out.subarray(0, at + length), ...out.subarray(at)]);
        break;
      default:
        out.fill(random.next() < 0.5 ? 0 : 255, at, at + length);
    }
  }
  return out;
}

describe('mutated bytes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  const files = new Map<string, Uint8Array>();
  let ulid = '';

  beforeAll(async () => {
    const lines: string[] = [];
    for (let i = 0; i < 6; i++) {
      for (let at = 0; at < 150; at++)
        lines.push(`m${i % 2}{job="j${i % 3}",i="${i}"} ${(at * (i + 1)) / 7} ${start + at * 30}`);
    }
    writeFileSync(join(folder, 'input'), `${lines.sort().join('\n')}\n# EOF\n`);
    execFileSync(
      await realProgram('promtool'),
      ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'input'), join(folder, 'data')],
      { stdio: 'pipe' },
    );
    ulid = readdirSync(join(folder, 'data')).find((name) => name.length === 26)!;
    for (const name of ['meta.json', 'index', 'tombstones', 'chunks/000001'])
      files.set(`${ulid}/${name}`, readFileSync(join(folder, 'data', ulid, name)));
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** `wholeBytes` 0: the index is read by section. */
  async function select(stored: ReadonlyMap<string, Uint8Array>, wholeBytes?: number) {
    const bucket = new MemoryBucket(systemClock);
    for (const [key, bytes] of stored) await bucket.put(key, bytes);
    const holder = new BlockHolder(bucket, systemClock, wholeBytes === undefined ? {} : { wholeBytes });
    const faults: string[] = [];
    const source = new FederatedSource(
      { holders: [holder], replicaLabels: [] },
      { signal: new AbortController().signal, timeoutMs: 60_000, partial: (reason) => faults.push(reason) },
    );
    const hints = { startMs: start * 1000, endMs: (start + 7200) * 1000 };
    const found = await source.select([{ name: '__name__', op: '=~', value: 'm.*' }], hints);
    await holder.close();
    const text = JSON.stringify(
      found.map(({ labels, timestamps, values }) => [labels.toString(), [...timestamps], [...values]]),
    );
    return { text, faults };
  }

  it(`of a block's files give the same answer or name a fault, and never crash or hang (seed ${seed})`, {
    timeout: 60_000 + count * 20,
  }, async () => {
    const whole = await select(files);
    expect(whole.faults).toEqual([]);
    const random = seededRandom(seed);
    // What meta.json says of a block is not checked by a sum: another time of it is another block.
    const keys = [...files.keys()].filter((key) => !key.endsWith('meta.json'));
    for (let i = 0; i < count / 2; i++) {
      const key = keys[randomBelow(random, keys.length)]!;
      const bytes = mutated(random, files.get(key)!);
      const { text, faults } = await select(new Map([...files, [key, bytes]]), i % 2 === 0 ? undefined : 0);
      if (faults.length === 0) expect(text, `mutation ${i} of ${key}`).toBe(whole.text);
    }
  });

  it('of meta.json are read or named as faults', { timeout: 60_000 + count * 20 }, async () => {
    const random = seededRandom(seed + 1);
    const key = `${ulid}/meta.json`;
    for (let i = 0; i < count / 20; i++)
      await select(new Map([...files, [key, mutated(random, files.get(key)!)]]));
  });

  /** Runs a decoder on mutations; anything but a named fault is a defect. */
  async function survives(original: Uint8Array, decode: (bytes: Uint8Array) => unknown, runs: number) {
    const random = seededRandom(seed + 2);
    let refused = 0;
    for (let i = 0; i < runs; i++) {
      const bytes = mutated(random, original);
      try {
        await decode(bytes);
      } catch (error) {
        if (!(error instanceof CodedError)) throw new Error(`mutation ${i}: ${error}`, { cause: error });
        refused++;
      }
    }
    return refused;
  }

  const samples = JSON.parse(
    readFileSync('src/storage-engine/format/testdata/chunks.json', 'utf8'),
  ) as readonly { name: string; encoding: number; hex: string }[];

  it('of chunks, whose sums would match, are decoded or refused', {
    timeout: 60_000 + count * 20,
  }, async () => {
    let refused = 0;
    for (const { encoding, hex } of samples) {
      const runs = Math.ceil(count / samples.length);
      refused += await survives(Buffer.from(hex, 'hex'), (bytes) => decodeChunk(encoding, bytes), runs);
    }
    expect(refused).toBeGreaterThan(0);
  });

  it('of tombstones are refused', async () => {
    // Magic, version, one deletion (series 3, -5 to 70), sum.
    const body = Uint8Array.of(3, 9, 140, 1);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32c(body));
    const bytes = Uint8Array.from([0x01, 0x30, 0xba, 0x30, 1, ...body, ...sum]);
    expect(decodeTombstones(bytes)).toEqual([{ series: 3, minTime: -5, maxTime: 70 }]);
    const runs = Math.ceil(count / 4);
    expect(await survives(bytes, decodeTombstones, runs)).toBeGreaterThan(runs * 0.9);
  });

  it('of remote read frames are refused, and with right sums decoded or refused', async () => {
    const chunk = Buffer.from(samples[0]!.hex, 'hex');
    const whole = new ProtoWriter()
      .message(1, (series) => {
        for (const [name, value] of [
          ['__name__', 'up'],
          ['job', 'api'],
        ] as const)
          series.message(1, (label) => void label.text(1, name).text(2, value));
        series.message(
          2,
          (part) => void part.integer(1, 1000).integer(2, 2000).integer(3, 1).bytes(4, chunk),
        );
      })
      .finish();
    expect(decodeChunkedResponse(whole).series[0]!.chunks).toHaveLength(1);
    const runs = Math.ceil(count / 4);
    await survives(whole, (bytes) => decodeChunkedResponse(bytes), runs);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32c(whole));
    const prefix = whole.length < 128 ? [whole.length] : [(whole.length & 127) | 128, whole.length >> 7];
    const frame = Uint8Array.from([...prefix, ...sum, ...whole]);
    const read = async (bytes: Uint8Array) => {
      const messages: Uint8Array[] = [];
      for await (const one of readFrames(
        (async function* () {
          yield bytes;
        })(),
      ))
        messages.push(one);
      return messages;
    };
    expect(await read(frame)).toHaveLength(1);
    expect(await survives(frame, read, runs)).toBeGreaterThan(runs * 0.5);
  });
});
