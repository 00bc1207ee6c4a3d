/** A tiny query over 1,000 blocks beside the same over four of them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BlockFile } from '../block-file.ts';
import { startOurs } from '../servers.ts';
import { encodeChunk } from '../xor-encoder.ts';
import { measure } from './measure.ts';
import type { Scenario } from './scenario.ts';

const blockMs = 2 * 3_600_000;
const samplesPerBlock = 120;
const series = 20;

/** Blocks of two hours one behind the other, with some series of one sample a minute. */
function writeBlocks(folder: string, count: number, endMs: number): void {
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < count; i++) {
    const minMs = endMs - (count - i) * blockMs;
    const block = new BlockFile(minMs, minMs + blockMs);
    const times = Float64Array.from({ length: samplesPerBlock }, (_, at) => minMs + at * 60_000);
    const words = new Uint32Array(Float64Array.from(times, (_, at) => at % 7).buffer);
    for (let number = 0; number < series; number++) {
      const labels = [
        ['__name__', number % 2 === 0 ? 'up' : 'process_open_fds'],
        ['instance', `host-${String(number).padStart(2, '0')}`],
        ['job', `svc-${number % 4}`],
      ] as const;
      block.add(labels, encodeChunk(times, words, 0, samplesPerBlock), minMs, times.at(-1)!, samplesPerBlock);
    }
    block.write(folder, `01KMANYB${String(i).padStart(18, '0')}`, 1);
  }
}

export const manyBlocks: Scenario = {
  name: '1,000 blocks',
  async run(bench) {
    const endMs = Date.UTC(2026, 10, 1);
    const medians: number[] = [];
    for (const count of [4, 1000]) {
      const bucket = join(bench.folder, `blocks-${count}`);
      writeBlocks(bucket, count, endMs);
      const first = String(new URLSearchParams({ query: 'sum(up)', time: String(endMs / 1000 - 60) }));
      const ours = await startOurs(['--bucket-dir', bucket, '--range-cache', '0'], first);
      try {
        // All of the blocks' time, and a few steps of it.
        const rangeSeconds = (count * blockMs) / 1000;
        const query = {
          text: 'rate(process_open_fds{job="svc-1"}[5m])',
          rangeSeconds,
          stepSeconds: rangeSeconds / 60,
        };
        const found = await measure(bench, { ours }, [query], endMs / 1000 - 61, async () => undefined);
        medians.push(found.ours);
      } finally {
        await ours.stop();
      }
    }
    const [four, thousand] = medians as [number, number];
    return [
      { name: 'tiny query over 1,000 blocks, beside four of them', ours: thousand, theirs: four, must: 2 },
    ];
  },
};
