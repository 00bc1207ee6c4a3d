import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { seededRandom } from '../../../src/base/random.ts';
import { FilesystemBucket } from '../../../src/storage-engine/bucket/filesystem-bucket.ts';
import { type PromqlOptions, promqlFeatureFlags } from '../../../src/storage-engine/promql/syntax/dialect.ts';
import { BlockHolder } from '../../../src/storage-engine/query/block-holder.ts';
import { FusedWindows } from '../../../src/storage-engine/query/fused/fused-windows.ts';
import { LiveClient } from '../../../src/storage-engine/query/live-client.ts';
import { LiveHolder } from '../../../src/storage-engine/query/live-holder.ts';
import type { SeriesHolder } from '../../../src/storage-engine/query/source.ts';
import { createQueryServer } from '../../../src/storage-engine/serve/server.ts';
import { newPrometheus } from '../../support/prometheus-next.ts';
import { startPrometheus } from '../../support/prometheus-process.ts';
import { dataSeconds, dataStart } from './data-set.ts';
import { encodeWriteRequest, type WrittenSeries } from './remote-write.ts';

export interface Both {
  /** What the real one accepts. */
  readonly dialect: PromqlOptions;
  /** Roots of the real Prometheus, of our server over its blocks, and over its blocks and itself. */
  readonly urls: { readonly oracle: string; readonly blocks: string; readonly both: string };
  stop(): Promise<void>;
}

/** Time of one remote write request: short, so that the head is compacted into blocks while the data arrive. */
const sliceSeconds = 600;

/** A real Prometheus that was written the data set, and our servers over what it holds. */
export async function startBoth(folder: string, data: readonly WrittenSeries[]): Promise<Both> {
  const prometheus = await startPrometheus(folder, {
    program: process.env.PROMETHEUS_ORACLE ?? (await newPrometheus()),
    args: [
      '--web.enable-remote-write-receiver',
      '--web.enable-admin-api',
      '--storage.tsdb.retention.time=100y',
      '--storage.tsdb.min-block-duration=1h',
      '--storage.tsdb.max-block-duration=1h',
      // Older servers store native histograms only when told to.
      `--enable-feature=native-histograms,${promqlFeatureFlags.join(',')}`,
    ],
  });
  const built = await (await fetch(`${prometheus.url}/api/v1/status/buildinfo`)).json();
  const dialect = {
    features: promqlFeatureFlags,
    version: (built as { data: { version: string } }).data.version,
  };
  for (let at = 0; at < dataSeconds; at += sliceSeconds) {
    const [from, to] = [(dataStart + at) * 1000, (dataStart + at + sliceSeconds) * 1000];
    const slice = data.map(({ labels, samples }) => ({
      labels,
      samples: samples.filter(({ timestampMs }) => timestampMs >= from && timestampMs < to),
    }));
    await write(
      prometheus.url,
      slice.filter(({ samples }) => samples.length > 0),
    );
  }
  const answer = await fetch(`${prometheus.url}/api/v1/admin/tsdb/snapshot`, { method: 'POST' });
  const { data: snapshot } = (await answer.json()) as { data: { name: string } };
  // The server goes on with its own blocks, which it may compact; ours stay as they are.
  const bucket = join(folder, 'bucket');
  mkdirSync(bucket);
  const from = join(folder, 'data', 'snapshots', snapshot.name);
  for (const block of readdirSync(from)) renameSync(join(from, block), join(bucket, block));
  const servers: { server: Server; holders: readonly SeriesHolder[] }[] = [];
  const kernels = new FusedWindows();
  const serve = async (...holders: SeriesHolder[]) => {
    const server = createQueryServer({
      federation: { holders, replicaLabels: [], kernels },
      dialect,
      clock: systemClock,
      log: silentLogger,
      version: 'test',
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push({ server, holders });
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  };
  const blocks = () => new BlockHolder(new FilesystemBucket(bucket, seededRandom(1)), systemClock);
  return {
    dialect,
    urls: {
      oracle: prometheus.url,
      blocks: await serve(blocks()),
      both: await serve(blocks(), new LiveHolder(new LiveClient(prometheus.url), systemClock)),
    },
    async stop() {
      for (const { server, holders } of servers) {
        server.closeAllConnections();
        server.close();
        for (const holder of holders) await holder.close();
      }
      await kernels.close();
      await prometheus.stop();
    },
  };
}

async function write(url: string, series: readonly WrittenSeries[]): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    body: new Uint8Array(encodeWriteRequest(series)),
    headers: { 'content-encoding': 'snappy', 'content-type': 'application/x-protobuf' },
  });
  if (!response.ok) throw new Error(`remote write: HTTP ${response.status}: ${await response.text()}`);
}
