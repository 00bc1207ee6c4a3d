import type { Command } from 'commander';
import { CodedError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Logger } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Discovery } from '../storage-engine/query/discovery/live-sources.ts';
import type { FederationOptions } from '../storage-engine/query/federation.ts';
import type { SourceTls } from '../storage-engine/query/live-client.ts';
import type { SeriesHolder } from '../storage-engine/query/source.ts';
import type { RetentionStore } from '../storage-engine/retention/retention-store.ts';
import type { CliIo } from './io.ts';
import { parseSize } from './query/admission-options.ts';

/** Options by which `query` and `promql` are told where series are. */
export interface SourceOptions {
  readonly bucketDir?: string;
  readonly objstoreConfig?: string;
  readonly prometheusUrl: readonly string[];
  readonly prometheusSdFile: readonly string[];
  readonly replicaLabel: readonly string[];
  readonly cacheDir?: string;
  readonly cacheSize?: string;
  readonly indexMemory?: string;
}

const collect = (value: string, before: string[]) => [...before, value];

export function addSourceOptions(command: Command): Command {
  return command
    .option('--bucket-dir <folder>', "blocks in a folder: a bucket, or a Prometheus's data directory")
    .option('--objstore-config <file>', "blocks in a bucket, described by Thanos's objstore.yml")
    .option(
      '--prometheus-url <url>',
      'a live Prometheus, or as many as DNS tells: dns+http://name:port, dnssrv+http://_web._tcp.name; may be given several times',
      collect,
      [],
    )
    .option(
      '--prometheus-sd-file <file>',
      "live servers in Prometheus's file_sd format, read again as it changes",
      collect,
      [],
    )
    .option(
      '--replica-label <name>',
      'label that tells HA replicas apart; may be given several times',
      collect,
      [],
    )
    .option('--cache-dir <folder>', "keeps index parts of a remote bucket's blocks here, over restarts too")
    .option('--cache-size <size>', 'room on disk of --cache-dir (default: 10GiB)')
    .option('--index-memory <size>', "memory of blocks' indexes (default: 512MiB)");
}

/** Sources that are open, until `close`. */
export interface OpenSources {
  readonly federation: FederationOptions;
  close(): Promise<void>;
}

/** Opens what the options name. */
export async function openSources(
  options: SourceOptions,
  io: CliIo,
  ports: { readonly log: Logger; readonly metrics?: Metrics; readonly tls?: SourceTls | undefined },
): Promise<OpenSources> {
  const { bucketDir, objstoreConfig, replicaLabel } = options;
  if (bucketDir !== undefined && objstoreConfig !== undefined)
    throw new CodedError('InvalidOption', '--bucket-dir and --objstore-config exclude each other');
  const discoveries = await discoveriesOf(options, io);
  if (bucketDir === undefined && objstoreConfig === undefined && discoveries.length === 0) {
    throw new CodedError('InvalidOption', 'no source is named', {
      action: 'Give --bucket-dir, --objstore-config, --prometheus-url or --prometheus-sd-file.',
    });
  }
  const { systemClock } = await import('../base/clock.ts');
  const { SourceMonitor } = await import('../storage-engine/query/source-monitor.ts');
  const stored: SeriesHolder[] = [];
  let retention: RetentionStore | undefined;
  const bucket = await openBucketOf(options, io, ports.metrics);
  if (bucket !== undefined) {
    const { BlockHolder } = await import('../storage-engine/query/block-holder.ts');
    const { RetentionStore } = await import('../storage-engine/retention/retention-store.ts');
    const cache = await openCache(options, bucket, io);
    retention = new RetentionStore(bucket, systemClock);
    stored.push(new BlockHolder(bucket, systemClock, { cache, retention, ...memoryOf(options) }));
  }
  const { FusedWindows } = await import('../storage-engine/query/fused/fused-windows.ts');
  const kernels = new FusedWindows();
  const live =
    discoveries.length === 0 ? undefined : await openLive(discoveries, ports.log, retention, ports.tls);
  return {
    federation: {
      get holders() {
        return live === undefined ? stored : [...stored, ...live.holders];
      },
      replicaLabels: replicaLabel,
      nowMs: () => systemClock.nowMs(),
      monitor: new SourceMonitor(systemClock, ports.metrics),
      kernels,
    },
    async close() {
      await live?.close();
      await kernels.close();
      await Promise.all(stored.map((holder) => holder.close()));
    },
  };
}

async function discoveriesOf(
  { prometheusUrl, prometheusSdFile }: SourceOptions,
  io: CliIo,
): Promise<Discovery[]> {
  const { parseSourceAddress, resolveAddress, withoutCredentials } = await import(
    '../storage-engine/query/discovery/source-address.ts'
  );
  const { systemResolver } = await import('../storage-engine/query/discovery/system-resolver.ts');
  const { parseFileSd } = await import('../storage-engine/query/discovery/file-sd.ts');
  const { readFile, stat } = await import('node:fs/promises');
  const { resolve } = await import('node:path');
  const byAddress = prometheusUrl.map((text): Discovery => {
    const address = parseSourceAddress(text);
    const isFixed = address.kind === 'url';
    return {
      name: isFixed ? withoutCredentials(new URL(address.url)) : address.shown,
      isFixed,
      find: () => resolveAddress(address, systemResolver),
    };
  });
  const byFile = prometheusSdFile.map((file): Discovery => {
    const path = resolve(io.cwd, file);
    return {
      name: path,
      isFixed: false,
      async find() {
        const { size } = await stat(path);
        if (size > limits.discoveryFileBytes)
          throw new CodedError('InvalidOption', `${path} is larger than ${limits.discoveryFileBytes} bytes`);
        return parseFileSd(await readFile(path, 'utf8'), path);
      },
    };
  });
  return [...byAddress, ...byFile];
}

async function openLive(
  discoveries: readonly Discovery[],
  log: Logger,
  retention: RetentionStore | undefined,
  tls: SourceTls | undefined,
) {
  const { systemClock } = await import('../base/clock.ts');
  const { LiveClient } = await import('../storage-engine/query/live-client.ts');
  const { LiveHolder } = await import('../storage-engine/query/live-holder.ts');
  const { LiveSources } = await import('../storage-engine/query/discovery/live-sources.ts');
  const open = (url: string) => new LiveHolder(new LiveClient(url, tls), systemClock, retention);
  const live = new LiveSources({ discoveries, open, clock: systemClock, log });
  await live.start();
  return live;
}

/** The bucket that the options name; undefined where they name none. */
export async function openBucketOf(
  { bucketDir, objstoreConfig }: Pick<SourceOptions, 'bucketDir' | 'objstoreConfig'>,
  io: CliIo,
  metrics?: Metrics,
) {
  if (bucketDir === undefined && objstoreConfig === undefined) return undefined;
  const { resolve } = await import('node:path');
  if (bucketDir === undefined) return openConfiguredBucket(resolve(io.cwd, objstoreConfig!), io, metrics);
  const { systemClock } = await import('../base/clock.ts');
  const { systemRandom } = await import('../base/random.ts');
  const { openBucket } = await import('../storage-engine/bucket/open-bucket.ts');
  const ports = { clock: systemClock, random: systemRandom, ...(metrics && { metrics }) };
  return openBucket({ type: 'FILESYSTEM', directory: resolve(io.cwd, bucketDir), prefix: '' }, ports);
}

/** The bucket that a file describes; a changed description is taken over. */
export async function openConfiguredBucket(path: string, io: CliIo, metrics?: Metrics) {
  const { systemClock } = await import('../base/clock.ts');
  const { systemRandom } = await import('../base/random.ts');
  const { openBucket } = await import('../storage-engine/bucket/open-bucket.ts');
  const ports = { clock: systemClock, random: systemRandom, ...(metrics && { metrics }) };
  const { readFile } = await import('node:fs/promises');
  const { parseObjectStoreConfig } = await import('../storage-engine/bucket/objstore-config.ts');
  const { followBucket } = await import('../storage-engine/bucket/followed-bucket.ts');
  return followBucket({
    read: () =>
      readFile(path, 'utf8').catch(() => {
        throw new CodedError('InvalidOption', `--objstore-config: ${path} cannot be read`);
      }),
    open: (text) => openBucket(parseObjectStoreConfig(text), ports),
    clock: systemClock,
    say: (message) => io.err(`${message}\n`),
  });
}

function memoryOf({ indexMemory }: SourceOptions): { budgetBytes?: number } {
  return indexMemory === undefined ? {} : { budgetBytes: parseSize('--index-memory', indexMemory) };
}

async function openCache(
  { cacheDir, cacheSize }: SourceOptions,
  bucket: { readonly description: string },
  io: CliIo,
) {
  if (cacheDir === undefined) return undefined;
  const { resolve } = await import('node:path');
  const { systemClock } = await import('../base/clock.ts');
  const { systemRandom } = await import('../base/random.ts');
  const { DiskCache } = await import('../storage-engine/block/disk-cache.ts');
  const folder = resolve(io.cwd, cacheDir);
  return DiskCache.open(
    {
      folder,
      owner: bucket.description,
      ...(cacheSize !== undefined && { limitBytes: parseSize('--cache-size', cacheSize) }),
    },
    { clock: systemClock, random: systemRandom },
  ).catch(() => {
    throw new CodedError('InvalidOption', `--cache-dir: ${folder} cannot be written`);
  });
}
