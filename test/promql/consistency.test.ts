import { expect, test } from 'vitest';
import { randomBelow, seededRandom } from '../../src/base/random.ts';
import { type QueryValue, queryInstant, queryRange } from '../../src/storage-engine/promql/exec/engine.ts';
import { PromqlExecutionError } from '../../src/storage-engine/promql/plan/execution-error.ts';
import { promqlFeatureFlags } from '../../src/storage-engine/promql/syntax/dialect.ts';
import { PromqlSyntaxError } from '../../src/storage-engine/promql/syntax/syntax-error.ts';
import { generateExpression } from './expression-generator.ts';
import { dataStartSeconds, makeData } from './memory-data.ts';

const { source } = makeData(seededRandom(3));
const dialect = { features: promqlFeatureFlags };
/** What a query says about itself differs between an instant and a range. */
const queryBound = /\b(?:step|range|start|end)\(\)/;

async function attempt<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof PromqlSyntaxError || error instanceof PromqlExecutionError) return undefined;
    throw error;
  }
}

/** Values at one time by labels, as text so that NaN equals NaN. */
function valuesAt(value: QueryValue, timeMs: number): string[] {
  if (value.type === 'scalar') return [`{} ${value.value}`];
  if (value.type === 'string') return [value.value];
  return value.series
    .flatMap(({ labels, points }) =>
      points.filter((point) => point.timestampMs === timeMs).map((point) => `${labels} ${point.value}`),
    )
    .sort();
}

test('each step of a range has the values of an instant query at its time', async () => {
  const random = seededRandom(Number(process.env.PROMQL_SEED ?? 1));
  let compared = 0;
  for (let i = 0; i < 1500; i++) {
    const query = generateExpression(random, 'vector', 3);
    if (queryBound.test(query)) continue;
    const startMs = (dataStartSeconds + 600 + randomBelow(random, 1500)) * 1000;
    const stepMs = [15, 60, 37][randomBelow(random, 3)]! * 1000;
    const endMs = startMs + 4 * stepMs;
    const range = await attempt(() => queryRange({ query, source, dialect, startMs, endMs, stepMs }));
    if (range === undefined) continue;
    for (let timeMs = startMs; timeMs <= endMs; timeMs += stepMs) {
      const instant = await attempt(() => queryInstant({ query, source, dialect, timeMs }));
      if (instant === undefined) continue;
      expect({ query, values: valuesAt(range.value, timeMs) }).toEqual({
        query,
        values: valuesAt(instant.value, timeMs),
      });
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(1000);
});
