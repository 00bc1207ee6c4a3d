/**
 * Writes blocks of a synthetic cluster, the same on every machine. Environment: HOURS (12), BLOCK_HOURS (blocks of 6, 2, 2
 * and 2 hours), JOBS (20; about 2,400 series each), SHIFT_MS (0; scrapes of a second replica are that much later, and it
 * misses others). `node test/bench/query/data-set.ts DIR` writes them alone.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { BlockFile } from './block-file.ts';
import { Numbers } from './numbers.ts';
import { type Shape, type Target, topology } from './topology.ts';
import { encodeChunk } from './xor-encoder.ts';

const setting = (name: string, fallback: number) => Number(process.env[name] ?? fallback);
const startMs = Date.UTC(2026, 10, 20);
const hourMs = 3_600_000;
const intervalMs = 15_000;
const chunkMs = 2 * hourMs;
const samplesPerChunk = 120;

export async function writeDataSet(folder: string, say: (text: string) => void): Promise<void> {
  const hours = setting('HOURS', 12);
  const shiftMs = setting('SHIFT_MS', 0);
  const steps = (hours * hourMs) / intervalMs;
  const blocks = blocksOf(hours, setting('BLOCK_HOURS', 0));
  const series = topology(setting('JOBS', 20), steps);
  const times = new Map<string, { times: Float64Array; missed: Uint8Array }>();
  const values = new Float64Array(steps + 1);
  const words = new Uint32Array(values.buffer);
  let samples = 0;
  for (const [i, { labels, target, shape }] of series.entries()) {
    let shared = times.get(target.name);
    if (shared === undefined) {
      shared = scrapes(target, steps, shiftMs);
      times.set(target.name, shared);
    }
    fill(values, shared.times.length, shape, target, new Numbers(labels.flat().join(' ')));
    // A stale marker where the scrape failed.
    shared.missed.forEach((missed, at) => {
      if (missed === 1) words.set([2, 0x7ff00000], at * 2);
    });
    let from = 0;
    for (const block of blocks) {
      while (from < shared.times.length && shared.times[from]! < block.maxMs) {
        const first = shared.times[from]!;
        const untilMs = Math.min(block.maxMs, (Math.floor(first / chunkMs) + 1) * chunkMs);
        let to = from;
        while (to < shared.times.length && to - from < samplesPerChunk && shared.times[to]! < untilMs) to++;
        block.add(
          labels,
          encodeChunk(shared.times, words, from, to),
          first,
          shared.times[to - 1]!,
          to - from,
        );
        samples += to - from;
        from = to;
      }
    }
    if (i % 5000 === 0) {
      say(`series ${i} of ${series.length}`);
      await turn();
    }
  }
  blocks.forEach((block, i) => {
    const chance = new Numbers(`block ${i} ${shiftMs}`);
    const tail = Array.from({ length: 16 }, () => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[chance.below(32)]).join(
      '',
    );
    block.write(
      folder,
      `01KBENCH${String(i).padStart(2, '0')}${tail}`,
      block.maxMs - block.minMs > chunkMs ? 2 : 1,
    );
  });
  say(`${series.length} series, ${samples} samples, ${blocks.length} blocks`);
}

function blocksOf(hours: number, blockHours: number): BlockFile[] {
  const borders = [0];
  const lengths = blockHours > 0 ? [] : [6];
  while (borders.at(-1)! < hours) {
    const length = lengths.shift() ?? (blockHours > 0 ? blockHours : 2);
    borders.push(Math.min(hours, borders.at(-1)! + length));
  }
  return borders.slice(1).map((border, i) => {
    return new BlockFile(startMs + borders[i]! * hourMs, startMs + border * hourMs);
  });
}

/** Times of a target's scrapes, and which of them failed; a target that ends before the data do is marked stale. */
function scrapes(
  target: Target,
  steps: number,
  shiftMs: number,
): { times: Float64Array; missed: Uint8Array } {
  const chance = new Numbers(`scrapes ${target.name} ${shiftMs}`);
  const ends = target.to < steps;
  const count = Math.min(steps, target.to + (ends ? 1 : 0)) - target.from;
  const times = new Float64Array(count);
  const missed = new Uint8Array(count);
  const offsetMs = (target.offsetMs + shiftMs) % intervalMs;
  const lastMs = startMs + steps * intervalMs - 1;
  for (let i = 0; i < count; i++) {
    const jitterMs = target.jitters ? Math.round(4 * chance.normal()) : 0;
    const at = startMs + (target.from + i) * intervalMs + offsetMs + jitterMs;
    times[i] = Math.max(startMs + i, Math.min(lastMs - (count - 1 - i), at));
    if (chance.next() < 0.001) missed[i] = 1;
  }
  if (ends) missed[count - 1] = 1;
  return { times, missed };
}

function fill(values: Float64Array, count: number, shape: Shape, target: Target, chance: Numbers): void {
  let value = shape.kind === 'walk' ? shape.start * (0.5 + chance.next()) : 0;
  for (let i = 0; i < count; i++) {
    switch (shape.kind) {
      case 'constant':
        values[i] = shape.value;
        break;
      case 'cycle':
        values[i] = shape.values[chance.below(shape.values.length)]!;
        break;
      case 'walk':
        if (chance.next() < 0.6) value = Math.max(0, value + shape.move * chance.normal());
        values[i] = Math.round(value / shape.quantum) * shape.quantum;
        break;
      case 'counter':
        if (target.from + i === target.reset) value = 0;
        value += shape.whole ? chance.count(shape.mean) : shape.mean * (0.5 + chance.next());
        values[i] = value;
        break;
    }
  }
}

if (import.meta.main) await writeDataSet(process.argv[2]!, (text) => console.error(text));
