import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quietConfig } from '../../src/agents/reloader/quiet.ts';
import { DataFolder } from '../../src/agents/shipper/data-folder.ts';
import { Drainer, type DrainPorts, type DrainProgress } from '../../src/agents/shipper/drain/drainer.ts';
import { drainPorts } from '../../src/agents/shipper/drain/open.ts';
import { Shipper } from '../../src/agents/shipper/shipper.ts';
import type { Clock } from '../../src/base/clock.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import { FilesystemBucket } from '../../src/storage-engine/bucket/filesystem-bucket.ts';
import { encodeWriteRequest, type WrittenSeries } from '../promql/differential/remote-write.ts';
import { promfleet } from '../support/cli.ts';
import { type RunningPrometheus, startPrometheus } from '../support/prometheus-process.ts';

/** Time that passes a hundred times as fast as the system's: quiet periods of real servers take a moment. */
const fast: Clock = {
  nowMs: systemClock.nowMs,
  monotonicMs: () => systemClock.monotonicMs() * 100,
  sleep: (delayMs, signal) => systemClock.sleep(delayMs / 100, signal),
};

const externalLabels = { cluster: 'eu-1', replica: 'a' };

describe('a Prometheus that is to go', () => {
  let folder: string;
  let bucketDir: string;
  let live: RunningPrometheus;
  const startMs = Date.now() - 3_600_000;

  const config = (scrape: string) =>
    `global:\n  scrape_interval: 1s\n  external_labels: ${JSON.stringify(externalLabels)}\nstorage:\n  tsdb: {out_of_order_time_window: 2h}\n${scrape}`;
  const start = () =>
    startPrometheus(folder, {
      config: config(''),
      args: [
        '--web.enable-remote-write-receiver',
        '--web.enable-lifecycle',
        '--enable-feature=native-histograms',
      ],
    });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'drain-'));
    bucketDir = join(folder, 'bucket');
    mkdirSync(bucketDir);
    live = await start();
  });
  afterEach(async () => {
    await live.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function write(series: readonly WrittenSeries[]): Promise<void> {
    const response = await fetch(`${live.url}/api/v1/write`, {
      method: 'POST',
      body: new Uint8Array(encodeWriteRequest(series)),
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    });
    expect(response.status, await response.text()).toBe(204);
  }

  /** In order first, then late samples between them and some of an older hour. */
  async function fill(): Promise<void> {
    const series = (at: (k: number) => number, count: number): WrittenSeries[] =>
      Array.from({ length: 20 }, (_, i) => ({
        labels: { __name__: i % 2 === 0 ? 'orders' : 'payments', host: `h${i}` },
        samples: Array.from({ length: count }, (_, k) => ({ timestampMs: at(k), value: i * 1000 + k / 8 })),
      }));
    await write(series((k) => startMs + k * 15_000, 200));
    await write(series((k) => startMs + k * 15_000 + 7_000, 50));
    await write(series((k) => startMs - 1_800_000 + k * 15_000, 30));
    await write([
      {
        labels: { __name__: 'orders', host: 'h0' },
        samples: [{ timestampMs: startMs + 3_100_000, value: 'stale' }],
      },
    ]);
  }

  const all = '{__name__=~"orders|payments"}[4h]';
  const ask = async (...source: string[]) => {
    const time = String(Math.ceil(startMs / 1000) + 3600);
    const answer = await promfleet(folder, 'promql', ...source, `--time=${time}`, '--output=json', all);
    expect(answer.err).toBe('');
    const parsed = JSON.parse(answer.out);
    const { result } = parsed.data ?? parsed;
    const rows = result as { metric: Record<string, string>; values: [number, string][] }[];
    return rows.map(({ metric, values }) => JSON.stringify([Object.entries(metric).sort(), values])).sort();
  };

  function ports(): DrainPorts {
    const bucket = new FilesystemBucket(bucketDir, systemRandom);
    const tsdbDir = join(folder, 'data');
    const shipper = new Shipper(
      {
        folder: new DataFolder(tsdbDir),
        bucket: async () => bucket,
        labels: async () => externalLabels,
        clock: fast,
        random: systemRandom,
        log: silentLogger,
      },
      { compacted: true, source: 'sidecar' },
    );
    return drainPorts({
      serverUrl: live.url,
      tsdbDir,
      bucket: async () => bucket,
      shipAll: (signal) => shipper.round(signal),
      clock: fast,
      random: systemRandom,
      log: silentLogger,
    });
  }

  /** Runs a drain until it is drained, or `after` tells to end; returns what was reported. */
  async function drain(
    given: DrainPorts,
    during?: (progress: DrainProgress) => void,
  ): Promise<DrainProgress[]> {
    const ending = new AbortController();
    const seen: DrainProgress[] = [];
    const drainer = new Drainer(given, (progress) => {
      if (process.env.DRAIN_LOG !== undefined) console.log(JSON.stringify(progress));
      if (seen.at(-1)?.state !== progress.state || seen.at(-1)?.detail !== progress.detail)
        seen.push(progress);
      during?.(progress);
      if (progress.state === 'Drained') ending.abort();
    });
    await drainer.run(ending.signal);
    return seen;
  }

  it('leaves every sample in the bucket, late ones and stale markers too', async () => {
    await fill();
    const expected = await ask(`--prometheus-url=${live.url}`);
    expect(expected).toHaveLength(20);
    expect(expected.join('').match(/\[\d+(\.\d+)?,/g)!.length).toBeGreaterThan(20 * 270);
    const states = (await drain(ports())).map(({ state }) => state);
    expect(states).toEqual(['Stopping', 'Cutting', 'Shipping', 'Drained']);
    await live.stop();
    expect(await ask('--bucket-dir=bucket')).toEqual(expected);
  });

  it('loses none when the agent is killed before or after any step, or the server is', async () => {
    await fill();
    const expected = await ask(`--prometheus-url=${live.url}`);
    const steps = ['facts', 'cut', 'sendCut', 'shipAll'] as const;
    for (const step of steps) {
      for (const when of ['before', 'after'] as const) {
        const real = ports();
        const ending = new AbortController();
        const dying: DrainPorts = {
          ...real,
          [step]: async (...args: unknown[]) => {
            if (when === 'before') ending.abort();
            ending.signal.throwIfAborted();
            const done = await (real[step] as (...given: unknown[]) => Promise<unknown>)(...args);
            ending.abort();
            return done;
          },
        };
        await new Drainer(dying, ({ state }) => expect(state).not.toBe('Drained')).run(ending.signal);
      }
    }
    await live.stop();
    live = await start();
    const states = (await drain(ports())).map(({ state }) => state);
    expect(states.at(-1)).toBe('Drained');
    await live.stop();
    expect(await ask('--bucket-dir=bucket')).toEqual(expected);
  }, 300_000);

  it('is not drained while scraping runs or samples come in, and takes those in that came late', async () => {
    const job = `scrape_configs:\n  - job_name: self\n    static_configs: [{targets: ['${live.url.slice(7)}']}]\n`;
    const file = join(folder, 'prometheus.yml');
    writeFileSync(file, config(job));
    expect((await fetch(`${live.url}/-/reload`, { method: 'POST' })).status).toBe(200);
    await fill();
    let stopped = false;
    let late: Promise<void> | undefined;
    const states: string[] = [];
    await drain(ports(), ({ state, detail }) => {
      states.push(state);
      if (!stopped && detail === 'scraping and rules still run') {
        stopped = true;
        writeFileSync(file, quietConfig(config(job)));
        void fetch(`${live.url}/-/reload`, { method: 'POST' });
      }
      // One more sample arrives while the last ones are stored.
      if (state === 'Shipping')
        late ??= write([
          {
            labels: { __name__: 'orders', host: 'late' },
            samples: [{ timestampMs: startMs + 3_200_000, value: 1 }],
          },
        ]);
    });
    await late;
    expect(stopped).toBe(true);
    const first = states.indexOf('Shipping');
    expect(states.indexOf('Stopping', first)).toBeGreaterThan(first);
    const expected = await ask(`--prometheus-url=${live.url}`);
    expect(expected.join()).toContain('late');
    await live.stop();
    expect(await ask('--bucket-dir=bucket')).toEqual(expected);
  });
});
