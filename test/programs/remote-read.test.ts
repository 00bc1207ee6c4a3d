import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeXorChunk } from '../../src/storage-engine/format/chunk-xor.ts';
import type { RemoteSeries } from '../../src/storage-engine/format/remote-read.ts';
import { LiveClient } from '../../src/storage-engine/query/live-client.ts';
import { freePort } from '../support/free-port.ts';
import { realProgram } from '../support/programs.ts';
import { type RunningPrometheus, startPrometheus } from '../support/prometheus-process.ts';

const start = 1_700_000_000;
const seriesCount = 300;
const samplesEach = 1000;

describe('a live Prometheus read as streamed chunks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'remote-read-'));
  let prometheus: RunningPrometheus;
  let client: LiveClient;

  beforeAll(async () => {
    const lines: string[] = [];
    for (let i = 0; i < seriesCount; i++) {
      for (let k = 0; k < samplesEach; k++)
        lines.push(
          `load{id="${String(i).padStart(4, '0')}",kind="${i % 2 ? 'odd' : 'even'}"} ${i + k / 8} ${start + k * 5}`,
        );
    }
    writeFileSync(join(folder, 'input'), `${lines.join('\n')}\n# EOF\n`);
    execFileSync(
      await realProgram('promtool'),
      ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'input'), join(folder, 'data')],
      { stdio: 'pipe' },
    );
    prometheus = await startPrometheus(folder, {
      args: ['--storage.tsdb.retention.time=100y'],
      config: 'global: {external_labels: {cluster: eu-1}}\n',
    });
    client = new LiveClient(prometheus.url);
  }, 120_000);
  afterAll(async () => {
    await client?.close();
    await prometheus?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function read(kind: string): Promise<RemoteSeries[]> {
    const found: RemoteSeries[] = [];
    const query = {
      startMs: start * 1000,
      endMs: (start + samplesEach * 5) * 1000,
      matchers: [
        { op: '=', name: '__name__', value: 'load' } as const,
        { op: '=', name: 'kind', value: kind } as const,
      ],
    };
    for await (const series of client.read(query, AbortSignal.timeout(60_000))) found.push(series);
    return found;
  }

  it('gives every sample of every series once, series whole, external labels attached by the server', async () => {
    const found = await read('odd');
    expect(found).toHaveLength(seriesCount / 2);
    expect(new Set(found.map((series) => JSON.stringify(series.labels))).size).toBe(found.length);
    for (const series of found) {
      const labels = new Map(series.labels);
      expect(labels.get('cluster')).toBe('eu-1');
      const timestamps = series.chunks.flatMap((chunk) => [...decodeXorChunk(chunk.data).timestamps]);
      expect(timestamps).toEqual(Array.from({ length: samplesEach }, (_, k) => (start + k * 5) * 1000));
    }
  });

  it('gives nothing, and no failure, where nothing matches', async () => {
    expect(await read('neither')).toEqual([]);
  });

  it('answers its build information as JSON', async () => {
    expect(await client.json('api/v1/status/buildinfo', AbortSignal.timeout(10_000))).toMatchObject({
      version: expect.stringMatching(/^3\./),
    });
  });

  it('that is gone, hostile or breaks off is a failed source, by its URL without credentials', async () => {
    const answers: [number, string, string][] = [
      [200, 'text/html', 'hello'],
      [500, 'text/plain', 'broken'],
      [200, 'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse', '\x20garbage'],
    ];
    let next = 0;
    const server = createServer((_request, response) => {
      const [status, type, body] = answers[next++]!;
      response.writeHead(status, { 'content-type': type }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const targets = [
      ...answers.map(() => `http://user:hunter2@127.0.0.1:${port}`),
      `http://127.0.0.1:${await freePort()}`,
    ];
    for (const url of targets) {
      const hostile = new LiveClient(url);
      const reading = (async () => {
        for await (const _ of hostile.read(
          { startMs: 0, endMs: 1, matchers: [] },
          AbortSignal.timeout(10_000),
        ));
      })();
      const error = await reading.then(
        () => undefined,
        (reason) => reason,
      );
      expect(error).toMatchObject({ code: 'SourceFailed' });
      expect(String(error)).toContain('127.0.0.1');
      expect(String(error)).not.toContain('hunter2');
      await hostile.close();
    }
    await new Promise((resolve) => server.close(resolve));
  });
});
