import { type Random, randomBelow } from '../../src/base/random.ts';
import { Labels } from '../../src/storage-engine/promql/exec/labels.ts';
import { type MemorySample, MemorySource } from '../../src/storage-engine/promql/exec/memory-source.ts';

/** Start of the data, in seconds. */
export const dataStartSeconds = 1_700_000_000;

const metrics = ['up', 'http_requests_total', 'node:cpu:rate5m', 'foo', 'step', 'fill', 'offset', 'sum'];

/**
 * Series in memory, and the same as OpenMetrics text (what promtool makes blocks of). Counters with resets, gauges with NaN, infinities and
 * values that lose each other in a sum, gaps, uneven intervals, labels that need quotes.
 */
export function makeData(random: Random): { source: MemorySource; openMetrics: string } {
  const source = new MemorySource();
  let openMetrics = '';
  for (const metric of metrics) {
    if (!metric.endsWith('_total')) openMetrics += `# TYPE ${metric} unknown\n`;
    for (const job of ['x', 'aa', 'é']) {
      for (const instance of ['x', 'y']) {
        if (random.next() < 0.25) continue;
        const le = ['1', '+Inf', ''][randomBelow(random, 3)]!;
        const labels = Labels.from([
          ['__name__', metric],
          ['job', job],
          ['instance', instance],
          ['le', le],
        ]);
        const samples = makeSamples(random, metric.endsWith('_total'));
        source.append(labels, samples);
        const text = `${metric}{job="${job}",instance="${instance}"${le === '' ? '' : `,le="${le}"`}}`;
        for (const { timestampMs, value } of samples) {
          openMetrics += `${text} ${String(value).replace('Infinity', 'Inf')} ${timestampMs / 1000}\n`;
        }
      }
    }
  }
  return { source, openMetrics: `${openMetrics}# EOF\n` };
}

function makeSamples(random: Random, isCounter: boolean): MemorySample[] {
  const samples: MemorySample[] = [];
  let counter = random.next() * 100;
  let seconds = dataStartSeconds + randomBelow(random, 60);
  for (let i = 0; i < 120; i++) {
    const gap = random.next() < 0.1 ? randomBelow(random, 600) : 0;
    const unevenness = random.next() < 0.5 ? 0 : randomBelow(random, 4);
    seconds += 15 + gap + unevenness;
    if (isCounter)
      counter = random.next() < 0.05 ? random.next() * 5 : counter + Math.floor(random.next() * 20);
    samples.push({ timestampMs: seconds * 1000, value: isCounter ? counter : gaugeValue(random) });
  }
  return samples;
}

function gaugeValue(random: Random): number {
  const special = [Number.NaN, Infinity, -Infinity, 1e16, -1e16, 0.1, 0.1, 5, 7, 0];
  const kind = randomBelow(random, 25);
  return special[kind] ?? (random.next() - 0.5) * 1000;
}
