import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oneSeries, seriesOf } from '../../../../test/support/window-data.ts';
import { xorEntry } from '../../../../test/support/xor-entries.ts';
import { encodeXor2Chunk } from '../../../../test/support/xor2-encoder.ts';
import { chunkEncoding } from '../../format/chunk.ts';
import { decodeXor2Chunk } from '../../format/chunk-xor2.ts';
import { Kernel } from '../../kernels/kernel.ts';
import { staleTester } from '../../promql/exec/sample-source.ts';
import { runTask } from './run-task.ts';
import type { WindowTask } from './task.ts';

const kernel = new Kernel();
const chunks = (
  JSON.parse(
    readFileSync(new URL('../../format/testdata/chunks.json', import.meta.url), 'utf8'),
  ) as readonly { encoding: number; hex: string }[]
)
  .filter(({ encoding }) => encoding === chunkEncoding.xor2)
  .map(({ hex }) => new Uint8Array(Buffer.from(hex, 'hex')));

/** How many samples a chunk has on the kernel in [minMs, maxMs], their sum, and that of their times; undefined: not taken. */
function onKernel(data: Uint8Array, minMs: number, maxMs: number) {
  const entry = xorEntry(data, chunkEncoding.xor2);
  const task = (name: WindowTask['function']): WindowTask => ({
    function: name,
    firstMs: maxMs,
    stepMs: 1,
    steps: 1,
    rangeMs: maxMs - minMs + 1,
    series: { from: 0, to: 1, groups: 0 },
    parts: [
      {
        replica: 0,
        minTimeMs: minMs,
        maxTimeMs: maxMs + 1,
        chunkFrom: Uint32Array.of(0),
        chunkTo: Uint32Array.of(1),
        baseMs: 0,
        minMs: Float64Array.of(minMs),
        maxMs: Float64Array.of(maxMs),
        segment: Uint16Array.of(0),
        offset: Uint32Array.of(0),
        endOffset: Uint32Array.of(entry.length),
        verified: Uint8Array.of(0),
        paths: [],
      },
    ],
  });
  const read = (_part: number, _segment: number, offset: number, target: Uint8Array) =>
    target.set(entry.subarray(offset, offset + target.length));
  const run = (name: WindowTask['function']) => runTask(kernel, task(name), read, () => undefined)?.rows[0];
  return (['count_over_time', 'last_over_time', 'changes'] as const).map(run);
}

/** The same of the decoder of `format`. */
function expected(data: Uint8Array, minMs: number, maxMs: number) {
  const { timestamps, valueBits } = decodeXor2Chunk(data);
  const all = new Float64Array(valueBits.buffer);
  const isStale = staleTester(all);
  const values = [...all].filter((_, i) => !isStale(i) && timestamps[i]! >= minMs && timestamps[i]! <= maxMs);
  const changes = values.filter(
    (value, i) => i > 0 && !(value === values[i - 1] || (Number.isNaN(value) && Number.isNaN(values[i - 1]))),
  );
  return [values.length, values.at(-1), changes.length];
}

const spanOf = (data: Uint8Array): [number, number] => {
  const { timestamps } = decodeXor2Chunk(data);
  return [timestamps[0]!, timestamps.at(-1)!];
};

describe('XOR2 chunks on the kernel', () => {
  it('are those that Prometheus wrote', () => {
    expect(chunks.length).toBeGreaterThan(3);
    for (const data of chunks) {
      const [minMs, maxMs] = spanOf(data);
      expect(onKernel(data, minMs, maxMs)).toEqual(expected(data, minMs, maxMs));
      const middleMs = Math.floor((minMs + maxMs) / 2);
      expect(onKernel(data, minMs + 1, middleMs)).toEqual(expected(data, minMs + 1, middleMs));
    }
  });

  it('that are written for tests are what they were written of', () => {
    fc.assert(
      fc.property(oneSeries, fc.boolean(), (shape, withStarts) => {
        const { timestamps, valueBits } = seriesOf(shape, 0, 1);
        const found = decodeXor2Chunk(encodeXor2Chunk({ timestamps, valueBits }, withStarts));
        expect([...found.timestamps]).toEqual([...timestamps]);
        expect([...found.valueBits]).toEqual([...valueBits]);
      }),
      { numRuns: 100 },
    );
  });

  it('that are damaged are left to the decoder, or give what it gives', () => {
    let taken = 0;
    const damage = fc.record({
      chunk: fc.nat(chunks.length - 1),
      place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      byte: fc.nat(255),
      cut: fc.boolean(),
    });
    fc.assert(
      fc.property(damage, ({ chunk, place, byte, cut }) => {
        const original = chunks[chunk]!;
        const at = Math.floor(place * original.length);
        const data = cut ? original.slice(0, at) : original.slice();
        if (!cut) data[at] = byte;
        const [minMs, maxMs] = spanOf(original);
        const found = onKernel(data, minMs, maxMs);
        if (found[0] === undefined) return;
        let right: unknown;
        try {
          const { timestamps } = decodeXor2Chunk(data);
          // What comes after the span is not looked at.
          const order = timestamps.findIndex((time, i) => i > 0 && time <= timestamps[i - 1]!);
          const behind = timestamps.findIndex((time) => time > maxMs);
          if (order >= 0 && behind >= 0 && behind < order) return;
          right = expected(data, minMs, maxMs);
        } catch {
          return;
        }
        taken++;
        const [count] = right as number[];
        // A window without samples has no values.
        expect(found).toEqual(count === 0 ? [Number.NaN, Number.NaN, Number.NaN] : right);
      }),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(0);
  });
});
