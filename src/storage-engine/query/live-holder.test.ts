import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { limits } from '../../base/limits.ts';
import { FederatedSource } from './federation.ts';
import { LiveClient } from './live-client.ts';
import { LiveHolder } from './live-holder.ts';
import type { SeriesHolder } from './source.ts';

const config = (label: string) =>
  JSON.stringify({
    status: 'success',
    data: { yaml: `global:\n  external_labels:\n    replica: ${label}\n` },
  });

/** A server that answers as the table says; what is not in it never gets an answer. */
class Source {
  readonly asked: string[] = [];
  answers: Readonly<Record<string, () => string>> = {};
  readonly server: Server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    this.asked.push(path);
    this.#arrived?.();
    const answer = this.answers[path];
    if (answer !== undefined) response.end(answer());
  });
  #arrived: (() => void) | undefined;

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  count(path: string): number {
    return this.asked.filter((each) => each === path).length;
  }

  /** Resolves with the next request. */
  arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }
}

const hints = { startMs: 0, endMs: 1 } as Parameters<SeriesHolder['select']>[1];
const configPath = '/api/v1/status/config';
const labelsPath = '/api/v1/labels';
const open: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function world() {
  const clock = new VirtualClock();
  const source = new Source();
  const holder = new LiveHolder(new LiveClient(await source.start()), clock);
  open.push(
    () => holder.close(),
    () => {
      source.server.closeAllConnections();
      source.server.close();
    },
  );
  const query = (timeoutMs = 120_000) => {
    const partial: string[] = [];
    const stop = new AbortController();
    const scope = { signal: stop.signal, timeoutMs, partial: (reason: string) => partial.push(reason) };
    const federated = new FederatedSource({ holders: [holder], replicaLabels: [] }, scope);
    return { federated, partial, stop };
  };
  return { clock, source, query };
}

const labelsAnswer = () => JSON.stringify({ status: 'success', data: ['job'] });

describe('the external labels of a live source', () => {
  it('are read once for all queries of the moment, and again after a while', async () => {
    const { clock, source, query } = await world();
    let label = 'a';
    source.answers = { [configPath]: () => config(label), [labelsPath]: labelsAnswer };
    const all = await Promise.all([1, 2, 3].map(() => query().federated.labelNames([], hints)));
    expect(all).toEqual(Array(3).fill(['job', 'replica']));
    expect(source.count(configPath)).toBe(1);
    label = 'b';
    const values = () => query().federated.labelValues('replica', [], hints);
    expect(await values()).toEqual(['a']);
    await clock.advance(limits.liveSourceLabelsMs);
    expect(await values()).toEqual(['b']);
    expect(source.count(configPath)).toBe(2);
  });

  it('are read anew after the source has failed', async () => {
    const { source, query } = await world();
    source.answers = { [configPath]: () => config('a'), [labelsPath]: () => 'no JSON' };
    const failed = query();
    expect(await failed.federated.labelNames([], hints)).toEqual([]);
    expect(failed.partial).toEqual([expect.stringContaining('SourceFailed')]);
    source.answers = { [configPath]: () => config('b'), [labelsPath]: labelsAnswer };
    expect(await query().federated.labelValues('replica', [], hints)).toEqual(['b']);
  });
});

describe('a live source that hangs', () => {
  it('is given up soon, and not asked by the next queries for a moment', async () => {
    const { clock, source, query } = await world();
    const first = query();
    const arrived = source.arrival();
    const answer = first.federated.labelNames([], hints);
    await arrived;
    await clock.advance(limits.liveSourceConfigMs);
    expect(await answer).toEqual([]);
    expect(first.partial).toEqual([expect.stringContaining(`within ${limits.liveSourceConfigMs} ms`)]);
    const second = query();
    expect(await second.federated.labelNames([], hints)).toEqual([]);
    expect(second.partial).toHaveLength(1);
    expect(source.asked).toEqual([configPath]);
    // Time for another try, for which nobody waits.
    await clock.advance(limits.liveSourceRetryMs);
    const again = source.arrival();
    const third = query();
    expect(await third.federated.labelNames([], hints)).toEqual([]);
    expect(third.partial).toHaveLength(1);
    await again;
    // Long after, what was is no reason any more.
    await clock.advance(limits.liveSourceConfigMs + limits.liveSourceHungMs);
    source.answers = { [configPath]: () => config('a'), [labelsPath]: labelsAnswer };
    expect(await query().federated.labelNames([], hints)).toEqual(['job', 'replica']);
    expect(clock.sleepers).toBe(0);
  });

  it.each([
    ['a long query', 120_000, limits.liveSourceMs],
    ['a short query', 10_000, 7_500],
  ])('costs %s its share of the time once, however often it is asked', async (_title, timeoutMs, shareMs) => {
    const { clock, source, query } = await world();
    source.answers = { [configPath]: () => config('a') };
    await query().federated.labelValues('replica', [], hints);
    const one = query(timeoutMs);
    const arrived = source.arrival();
    const answer = one.federated.labelNames([], hints);
    await arrived;
    await clock.advance(shareMs);
    expect(await answer).toEqual([]);
    expect(await one.federated.labelNames([], hints)).toEqual([]);
    expect(source.count(labelsPath)).toBe(1);
    expect(new Set(one.partial)).toEqual(new Set([expect.stringContaining(`within ${shareMs} ms`)]));
    expect(clock.sleepers).toBe(0);
  });

  it('lets a query go at once whose client leaves', async () => {
    const { source, query } = await world();
    const { federated, partial, stop } = query();
    const arrived = source.arrival();
    const answer = federated.labelNames([], hints);
    await arrived;
    stop.abort(new Error('client is gone'));
    await expect(answer).rejects.toThrow('client is gone');
    expect(partial).toEqual([]);
  });
});
