import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type Given,
  oneSeries,
  partsOf,
  seriesOf,
  sourceOf,
  startMs,
} from '../../../../test/support/window-data.ts';
import { RowWriter } from '../../kernels/row-writer.ts';
import { type QueryResult, queryInstant, queryRange } from '../../promql/exec/engine.ts';
import type { Labels } from '../../promql/exec/labels.ts';
import type { SampleSource } from '../../promql/exec/sample-source.ts';
import { FusedWindows, type WindowSelection } from './fused-windows.ts';

const folder = mkdtempSync(join(tmpdir(), 'fused-windows-'));
const kernels = new FusedWindows();
afterAll(async () => {
  await kernels.close();
  rmSync(folder, { recursive: true });
});

/** A selection of all series, its chunks in files. */
function selectionOf(
  all: readonly Given[],
  { cutMs, expectedSamples, isRemote }: { cutMs: number; expectedSamples: number; isRemote: boolean },
): WindowSelection {
  const { parts, files } = partsOf(all, startMs + cutMs, 120);
  files.forEach((bytes, i) => {
    writeFileSync(join(folder, String(i)), bytes);
  });
  return {
    count: all.length,
    pairs: (id) => all[id]!.labels.pairs,
    groupBy(names, without) {
      const groups: string[][] = [];
      const groupOf = Uint32Array.from(all, ({ labels }) => {
        const { pairs } = without ? labels.without(names) : labels.keep(names);
        let group = groups.findIndex((each) => each.join() === pairs.join());
        if (group < 0) group = groups.push([...pairs]) - 1;
        return group;
      });
      return { groups, groupOf };
    },
    labelsJson: (withName) => {
      const texts = all.map(({ labels }) =>
        Buffer.from(jsonOf(withName ? labels : labels.withoutMetadata())),
      );
      let end = 0;
      return { bytes: Buffer.concat(texts), ends: Uint32Array.from(texts, (text) => (end += text.length)) };
    },
    parts: parts.map(({ chunkFrom, chunkTo, verified: _, paths: __, ...chunks }, i) => ({
      ulid: String(i),
      minTimeMs: 0,
      maxTimeMs: Number.MAX_SAFE_INTEGER,
      resolutionMs: 0,
      replica: 0,
      chunkFrom,
      chunkTo,
      chunks,
      files: {
        path: () => (isRemote ? undefined : join(folder, String(i))),
        read: async (_segment, offset, length) => files[i]!.subarray(offset, offset + length),
      },
    })),
    replicas: [[]],
    overlapping: false,
    chunkCount: 0,
    expectedSamples,
  };
}

const writer = new RowWriter();
const jsonOf = (labels: Labels) => JSON.stringify(Object.fromEntries(labels.entries()));

/** A result as it would be read from JSON, whether it is text already or not. */
function shownAsRead({ value, warnings, infos, samples, text }: QueryResult): unknown {
  const told = { type: value.type, warnings, infos, samples };
  if (!('series' in value)) return { ...told, value };
  if (text !== undefined) {
    const all = JSON.parse(`[${text.parts.map((part) => Buffer.from(part).toString()).join(',')}]`);
    expect(all.length).toBe(text.series);
    return { ...told, series: all };
  }
  const series = value.series.map(({ labels, points }) => {
    const pairs = points.map((point) => [point.timestampMs / 1000, writer.float(point.value as number)]);
    const metric = Object.fromEntries(labels.entries());
    return value.type === 'vector' ? { metric, value: pairs[0] } : { metric, values: pairs };
  });
  return { ...told, series };
}

function shown(result: QueryResult): unknown {
  const { value, warnings, infos, samples } = result;
  if (!('series' in value)) return { value, warnings, infos, samples };
  const series = value.series.map(({ labels, points }) => ({
    labels: labels.toString(),
    points: points.map((point) => [
      point.timestampMs,
      Object.is(point.value, -0) ? '-0' : String(point.value),
    ]),
  }));
  return { series, warnings, infos, samples };
}

const expressions = [
  'm_total',
  '{group="1"}',
  'rate(m_total[5m])',
  'rate({__name__=~"m.*"}[5m])',
  'sum(rate(m_total[5m])) / sum(increase(m_total[10m]))',
  'topk(2, m_total)',
  'topk by (group) (1, irate(m_total[5m]))',
  'bottomk without (id) (2, max_over_time(m_total[2m]))',
  'topk(scalar(count(m_total)) - 1, m_total offset 1m)',
  'avg without (id) (m_total) > 0',
  'count by (id, group) (m_total) + on (id) group_left () m_total',
  'quantile by (group) (0.5, avg_over_time(m_total[5m]))',
  'max_over_time(sum(rate(m_total[5m]))[10m:1m])',
  'stddev(m_total @ 1700001000)',
  'sort_desc(sum by (group) (sum_over_time(m_total[3m])))',
  'group by (__name__, group) (last_over_time(m_total[5m]))',
  'sum by (__name__, group) (delta(m_total[5m]))',
  'absent(m_total)',
];

const cases = fc.record({
  shapes: fc.array(oneSeries, { minLength: 1, maxLength: 12 }),
  expression: fc.constantFrom(...expressions),
  isInstant: fc.boolean(),
  firstMs: fc.integer({ min: -100_000, max: 3_000_000 }),
  steps: fc.integer({ min: 1, max: 40 }),
  stepMs: fc.constantFrom(1000, 15_000, 60_000, 1_000_000, 500_000_000),
  cutMs: fc.integer({ min: 0, max: 4_000_000 }),
  expectedSamples: fc.constantFrom(1, 1_000_000_000),
  isRemote: fc.boolean(),
  wantsText: fc.boolean(),
});

describe('windows on kernels', () => {
  it('give queries the answers, annotations and counts that they have without, at once and in threads, from files and fetched', async () => {
    const property = fc.asyncProperty(cases, async (given) => {
      const all = given.shapes
        .map((shape, id) => seriesOf(shape, id, 3))
        .sort((a, b) => a.labels.compare(b.labels));
      const generic = sourceOf(all);
      const selection = selectionOf(all, given);
      const scope = { signal: new AbortController().signal };
      let answered = 0;
      const fused: SampleSource = {
        select: generic.select,
        async windows(query) {
          // The selection knows no matchers: it stands for those of the series that all expressions but one take.
          if (query.matchers.some(({ name }) => name === 'group')) return undefined;
          answered++;
          return kernels.evaluate(query, selection, scope);
        },
      };
      let texts = 0;
      const run = (source: SampleSource) => {
        const timeMs = startMs + given.firstMs;
        const asked = { query: given.expression, source, wantsText: given.wantsText };
        if (given.isInstant) return queryInstant({ ...asked, timeMs });
        const endMs = timeMs + (given.steps - 1) * given.stepMs;
        return queryRange({ ...asked, startMs: timeMs, endMs, stepMs: given.stepMs });
      };
      const outcome = async (source: SampleSource) =>
        run(source).then(
          (result) => {
            if (result.text !== undefined) texts++;
            return given.wantsText ? shownAsRead(result) : shown(result);
          },
          (error: unknown) => String(error),
        );
      expect(await outcome(fused)).toEqual(await outcome(generic));
      // What is done in pieces has no text.
      const isLong = !given.isInstant && (given.steps - 1) * given.stepMs > 2_000_000_000;
      if (given.expression === 'm_total') expect(texts).toBe(given.wantsText && !isLong ? 1 : 0);
      if (given.expression !== '{group="1"}') expect(answered).toBeGreaterThan(0);
    });
    await fc.assert(property, { numRuns: 300 });
  }, 120_000);
});
