import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.ts';
import { resolveDialect } from '../../../src/storage-engine/promql/syntax/dialect.ts';
import { type Both, startBoth } from './both.ts';
import { ask, isMeasured, type Request, randomRequest, sameAnswer, undefinedThere } from './compare.ts';
import { makeDataSet } from './data-set.ts';
import { semanticExpression } from './expressions.ts';
import { shrink } from './shrink.ts';

const count = Number(process.env.DIFFERENTIAL_COUNT ?? 1500);
const seed = Number(process.env.DIFFERENTIAL_SEED ?? 1);
/** Differences that are shrunk and told; more would hide each other. */
const maxTold = Number(process.env.DIFFERENTIAL_TOLD ?? 10);

describe('random expressions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'differential-'));
  let both: Both;
  /** Requests to which the real server gives another answer in each run. */
  let withoutAnswer = 0;

  beforeAll(async () => {
    both = await startBoth(folder, makeDataSet(seed));
  }, 1_200_000);
  afterAll(async () => {
    await both?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function differ(request: Request, base: string) {
    const ours = await ask(base, request);
    const theirs = await ask(both.urls.oracle, request);
    if (sameAnswer(ours, theirs)) return undefined;
    const runs = [theirs];
    for (let run = 0; run < 8; run++) runs.push(await ask(both.urls.oracle, request));
    if (undefinedThere(ours, runs)) {
      withoutAnswer++;
      return undefined;
    }
    return { ours, theirs };
  }

  it(`give the same bits over blocks, and over blocks and a live server, as Prometheus does (${count}, seed ${seed})`, {
    timeout: 60_000 + count * 1000,
  }, async () => {
    const random = seededRandom(seed);
    const { release } = resolveDialect(both.dialect);
    const told: string[] = [];
    for (let i = 0; i < count && told.length < maxTold; i++) {
      const request = randomRequest(random, semanticExpression({ random, release }, 'vector', 1 + (i % 4)));
      const base = i % 3 === 0 ? both.urls.both : both.urls.blocks;
      if (!isMeasured(request.query) || (await differ(request, base)) === undefined) continue;
      const query = await shrink(
        request.query,
        both.dialect,
        async (smaller) =>
          isMeasured(smaller) && (await differ({ ...request, query: smaller }, base)) !== undefined,
      );
      const answers = await differ({ ...request, query }, base);
      told.push(
        [
          `${i} ${base === both.urls.both ? 'both' : 'blocks'} ${request.path} ${query}`,
          ...around(answers?.ours ?? '', answers?.theirs ?? ''),
        ].join('\n'),
      );
    }
    expect(told.join('\n')).toBe('');
    console.log(`${withoutAnswer} of ${count} requests have no one answer there`);
    expect(withoutAnswer).toBeLessThan(10 + count * 0.02);
  });
});

/** Both texts around the first place where they differ. */
function around(ours: string, theirs: string): string[] {
  let at = 0;
  while (at < ours.length && ours[at] === theirs[at]) at++;
  const part = (text: string) => text.slice(Math.max(0, at - 200), at + 300);
  return [`  ours   ${part(ours)}`, `  theirs ${part(theirs)}`];
}
