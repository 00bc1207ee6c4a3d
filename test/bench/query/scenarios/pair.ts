/** An HA pair, its replicas scraped 7 s apart: deduplicated from blocks, and with half of the time on two live servers. */

import { linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { systemClock } from '../../../../src/base/clock.ts';
import { silentLogger } from '../../../../src/base/log.ts';
import { seededRandom } from '../../../../src/base/random.ts';
import { FilesystemBucket } from '../../../../src/storage-engine/bucket/filesystem-bucket.ts';
import { BlockHolder } from '../../../../src/storage-engine/query/block-holder.ts';
import { LiveClient } from '../../../../src/storage-engine/query/live-client.ts';
import { LiveHolder } from '../../../../src/storage-engine/query/live-holder.ts';
import { createQueryServer } from '../../../../src/storage-engine/serve/server.ts';
import { startPrometheus } from '../../../support/prometheus-process.ts';
import { type BenchQuery, classes } from '../classes.ts';
import { ask, checkEqual, pathOf } from '../requests.ts';
import { type BenchServer, referenceArgs, startOurs, startReference } from '../servers.ts';
import { measure, narrowed } from './measure.ts';
import type { Bench, Scenario } from './scenario.ts';
import { startThanos } from './thanos-servers.ts';

const heavy = classes.find(({ name }) => name === 'heavy range aggregation')!.queries;
const must = 0.2;

/** Links blocks into a bucket, with the labels of who wrote them; `keep` says which, by their number. */
export function fillBucket(
  bucket: string,
  blocks: string,
  replica: string,
  keep: (number: number) => boolean = () => true,
): void {
  readdirSync(blocks)
    .sort()
    .filter((_, number) => keep(number))
    .forEach((block) => {
      const [from, to] = [join(blocks, block), join(bucket, block)];
      mkdirSync(join(to, 'chunks'), { recursive: true });
      linkSync(join(from, 'index'), join(to, 'index'));
      for (const segment of readdirSync(join(from, 'chunks')))
        linkSync(join(from, 'chunks', segment), join(to, 'chunks', segment));
      const meta = JSON.parse(readFileSync(join(from, 'meta.json'), 'utf8')) as object;
      const thanos = {
        version: 1,
        labels: { cluster: 'bench', replica },
        downsample: { resolution: 0 },
        source: 'bench',
      };
      writeFileSync(join(to, 'meta.json'), JSON.stringify({ ...meta, thanos }));
    });
}

/** A server of ours in this process that knows no kernels: every answer is checked by its own. */
async function startGeneric(bucket: string, live: readonly string[]): Promise<BenchServer> {
  const holders = [
    new BlockHolder(new FilesystemBucket(bucket, seededRandom(1)), systemClock),
    ...live.map((url) => new LiveHolder(new LiveClient(url), systemClock)),
  ];
  const server: Server = createQueryServer({
    federation: { holders, replicaLabels: ['replica'] },
    dialect: { features: [], version: '3.14.0' },
    clock: systemClock,
    log: silentLogger,
    version: '3.14.0',
    rangeCacheBytes: 0,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    name: 'the generic evaluation',
    url: `http://127.0.0.1:${port}`,
    pid: process.pid,
    async stop() {
      server.closeAllConnections();
      server.close();
      for (const holder of holders) await holder.close();
    },
  };
}

async function measurePair(
  bench: Bench,
  name: string,
  endSeconds: number,
  { bucket, live }: { bucket: string; live: readonly { url: string; data: string }[] },
) {
  const { folder, blocks } = bench;
  const first = String(new URLSearchParams({ query: 'sum(up)', time: String(endSeconds - 60) }));
  const servers: BenchServer[] = [];
  const up = async (starting: Promise<BenchServer>) => {
    const server = await starting;
    servers.push(server);
    return server;
  };
  try {
    const theirs = await up(startReference(blocks, join(folder, `${name}-prometheus`)));
    const urls = live.flatMap(({ url }) => ['--prometheus-url', url]);
    const ours = await up(
      startOurs(['--bucket-dir', bucket, ...urls, '--range-cache', '0', '--replica-label', 'replica'], first),
    );
    const generic = await up(
      startGeneric(
        bucket,
        live.map(({ url }) => url),
      ),
    );
    const objectStore = { type: 'FILESYSTEM', config: { directory: bucket } };
    const thanos = await up(
      startThanos(join(folder, `${name}-thanos`), { objectStore, sidecars: live }, first),
    );
    const check = async (query: BenchQuery) => {
      const path = pathOf(narrowed(query), endSeconds - 3);
      const [a, b] = [await ask(ours, path), await ask(generic, path)];
      if (b.body.toString().includes('"result":[]')) throw new Error(`${path}: nothing to compare`);
      checkEqual(path, a.body, b.body);
    };
    return await measure(bench, { ours, theirs, thanos }, heavy, endSeconds, check);
  } finally {
    for (const server of servers) await server.stop();
  }
}

export const pair: Scenario = {
  name: 'HA pair',
  async run(bench) {
    const bucket = join(bench.folder, 'pair');
    fillBucket(bucket, bench.blocks, 'a');
    fillBucket(bucket, await bench.replicaBlocks(), 'b');
    const found = await measurePair(bench, 'pair', bench.endSeconds - 61, { bucket, live: [] });
    return [{ name: 'HA pair deduplicated, heavy', must, ...found }];
  },
};

export const halfLive: Scenario = {
  name: 'HA pair, half live',
  async run(bench) {
    const bucket = join(bench.folder, 'half-pair');
    const live: { url: string; data: string; stop: () => Promise<void> }[] = [];
    try {
      for (const [replica, blocks] of [
        ['a', bench.blocks],
        ['b', await bench.replicaBlocks()],
      ] as const) {
        fillBucket(bucket, blocks, replica, (number) => number < 2);
        const folder = join(bench.folder, `live-${replica}`);
        fillBucket(join(folder, 'data'), blocks, replica, (number) => number >= 2);
        const config = JSON.stringify({ global: { external_labels: { cluster: 'bench', replica } } });
        const running = await startPrometheus(folder, { args: referenceArgs, config });
        live.push({ url: running.url, data: join(folder, 'data'), stop: () => running.stop() });
      }
      // Blocks reach to 8 h, the six hours of the query from 5 h to 11 h.
      const found = await measurePair(bench, 'half', bench.endSeconds - 3600 - 61, { bucket, live });
      return [{ name: 'HA pair deduplicated, half live, heavy', must, ...found }];
    } finally {
      for (const { stop } of live) await stop();
    }
  },
};
