import fc from 'fast-check';
import { type FloatSamples, staleMarkerBits } from '../../src/storage-engine/format/chunk-xor.ts';
import { Labels } from '../../src/storage-engine/promql/exec/labels.ts';
import type { SampleSource } from '../../src/storage-engine/promql/exec/sample-source.ts';
import type { TaskPart } from '../../src/storage-engine/query/fused/task.ts';
import { chunked } from './xor-entries.ts';

export const startMs = 1_700_000_000_000;
/** One series of a random data set. */
export interface Given {
  readonly labels: Labels;
  readonly timestamps: Float64Array;
  readonly valueBits: BigUint64Array;
}

const special = fc.constantFrom(
  1e16,
  -1e16,
  0.1,
  Infinity,
  -Infinity,
  Number.NaN,
  0,
  -0,
  1,
  1.7e308,
  -1.7e308,
  5e-324,
);
const walks = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('counter'), size: fc.constantFrom(0.1, 1, 1000, 1e13) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('constant'), size: special }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('gauge'), size: fc.constantFrom(0.3, 100, 1e16) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('special'), size: fc.constant(1) }) },
);
export const oneSeries = fc.record({
  walk: walks,
  specials: fc.array(special, { minLength: 8, maxLength: 8 }),
  noise: fc.array(fc.nat(1000), { minLength: 97, maxLength: 97 }),
  intervalMs: fc.constantFrom(15_000, 15_000, 1000, 30_000, 61_000),
  jitterMs: fc.constantFrom(0, 0, 0, 5, 4000),
  gapEvery: fc.constantFrom(0, 0, 17, 50),
  staleEvery: fc.constantFrom(0, 0, 23, 60),
  offsetMs: fc.nat(20_000),
  count: fc.integer({ min: 1, max: 300 }),
});

export function seriesOf(
  shape: typeof oneSeries extends fc.Arbitrary<infer T> ? T : never,
  id: number,
  groups: number,
): Given {
  const timestamps: number[] = [];
  const values: (number | 'stale')[] = [];
  let time = startMs + shape.offsetMs;
  let value = 0;
  for (let i = 0; i < shape.count; i++) {
    const noise = shape.noise[i % 97]!;
    time += Math.max(
      1,
      shape.intervalMs + (shape.jitterMs === 0 ? 0 : (noise % (2 * shape.jitterMs)) - shape.jitterMs),
    );
    if (shape.gapEvery > 0 && i % shape.gapEvery === 0) time += shape.intervalMs * (noise % 40);
    if (shape.walk.kind === 'counter') value = noise < 20 ? 0 : value + (noise % 7) * shape.walk.size;
    else if (shape.walk.kind === 'gauge') value += (noise - 500) * shape.walk.size;
    else if (shape.walk.kind === 'special') value = shape.specials[noise % 8]!;
    else value = shape.walk.size;
    timestamps.push(time);
    values.push(shape.staleEvery > 0 && i % shape.staleEvery === 7 ? 'stale' : value);
  }
  const floats = Float64Array.from(values, (each) => (each === 'stale' ? 0 : each));
  const valueBits = new BigUint64Array(floats.buffer);
  values.forEach((each, i) => {
    if (each === 'stale') valueBits[i] = staleMarkerBits;
  });
  const labels = Labels.from([
    ['__name__', 'm_total'],
    ['group', String(id % groups)],
    ['id', String(id).padStart(3, '0')],
  ]);
  return { labels, timestamps: Float64Array.from(timestamps), valueBits };
}

export function sourceOf(all: readonly Given[]): SampleSource {
  return {
    select: async () =>
      all.map(({ labels, timestamps, valueBits }) => ({
        labels,
        timestamps,
        values: new Float64Array(valueBits.slice().buffer),
      })),
  };
}

/** Two blocks, cut at a time, with chunks of some length. */
export function partsOf(
  all: readonly Given[],
  cutMs: number,
  samplesPerChunk: number,
  encode?: (samples: FloatSamples) => Uint8Array,
) {
  const files: Uint8Array[] = [];
  const parts = [true, false].map((older): TaskPart => {
    const chunks = all.map(({ timestamps, valueBits }) => {
      const cut = timestamps.findIndex((time) => time >= cutMs);
      const at = cut < 0 ? timestamps.length : cut;
      const [a, b] = older ? [0, at] : [at, timestamps.length];
      return chunked(
        { timestamps: timestamps.slice(a, b), valueBits: valueBits.slice(a, b) },
        samplesPerChunk,
        encode,
      );
    });
    const flat = chunks.flat();
    const ends: number[] = [];
    for (const { entry } of flat) ends.push((ends.at(-1) ?? 0) + entry.length);
    const to: number[] = [];
    for (const each of chunks) to.push((to.at(-1) ?? 0) + each.length);
    files.push(Buffer.concat(flat.map(({ entry }) => entry)));
    return {
      replica: 0,
      minTimeMs: Number.NEGATIVE_INFINITY,
      maxTimeMs: Number.POSITIVE_INFINITY,
      chunkFrom: Uint32Array.from(to, (end, i) => end - chunks[i]!.length),
      chunkTo: Uint32Array.from(to),
      baseMs: startMs,
      minMs: Float64Array.from(flat, ({ minMs }) => minMs - startMs),
      maxMs: Float64Array.from(flat, ({ maxMs }) => maxMs - startMs),
      segment: new Uint16Array(flat.length),
      offset: Uint32Array.from(ends, (end, i) => end - flat[i]!.entry.length),
      endOffset: Uint32Array.from(ends),
      verified: new Uint8Array(flat.length),
      paths: [],
    };
  });
  return { parts, files };
}
