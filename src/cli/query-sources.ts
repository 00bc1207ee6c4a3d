import type { Command } from 'commander';
import { CodedError } from '../base/errors.ts';
import type { Metrics } from '../base/metrics.ts';
import type { FederationOptions } from '../storage-engine/query/federation.ts';
import type { CliIo } from './io.ts';

/** Options by which `query` and `promql` are told where series are. */
export interface SourceOptions {
  readonly bucketDir?: string;
  readonly objstoreConfig?: string;
  readonly prometheusUrl: readonly string[];
  readonly replicaLabel: readonly string[];
}

const collect = (value: string, before: string[]) => [...before, value];

export function addSourceOptions(command: Command): Command {
  return command
    .option('--bucket-dir <folder>', "blocks in a folder: a bucket, or a Prometheus's data directory")
    .option('--objstore-config <file>', "blocks in a bucket, described by Thanos's objstore.yml")
    .option('--prometheus-url <url>', 'a live Prometheus; may be given several times', collect, [])
    .option(
      '--replica-label <name>',
      'label that tells HA replicas apart; may be given several times',
      collect,
      [],
    );
}

/** Opens what the options name; the caller closes the holders. */
export async function openSources(
  options: SourceOptions,
  io: CliIo,
  metrics?: Metrics,
): Promise<FederationOptions> {
  const { bucketDir, objstoreConfig, prometheusUrl, replicaLabel } = options;
  if (bucketDir !== undefined && objstoreConfig !== undefined)
    throw new CodedError('InvalidOption', '--bucket-dir and --objstore-config exclude each other');
  if (bucketDir === undefined && objstoreConfig === undefined && prometheusUrl.length === 0) {
    throw new CodedError('InvalidOption', 'no source is named', {
      action: 'Give --bucket-dir, --objstore-config or --prometheus-url.',
    });
  }
  const holders = [];
  const bucket = await openBucketOf(options, io, metrics);
  if (bucket !== undefined) {
    const { BlockHolder } = await import('../storage-engine/query/block-holder.ts');
    const { systemClock } = await import('../base/clock.ts');
    holders.push(new BlockHolder(bucket, systemClock));
  }
  if (prometheusUrl.length > 0) {
    const { LiveClient } = await import('../storage-engine/query/live-client.ts');
    const { LiveHolder } = await import('../storage-engine/query/live-holder.ts');
    const { systemClock } = await import('../base/clock.ts');
    for (const url of prometheusUrl) {
      if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
        throw new CodedError('InvalidOption', '--prometheus-url is not an http or https URL');
      holders.push(new LiveHolder(new LiveClient(url), systemClock));
    }
  }
  const { SourceMonitor } = await import('../storage-engine/query/source-monitor.ts');
  const { systemClock } = await import('../base/clock.ts');
  return { holders, replicaLabels: replicaLabel, monitor: new SourceMonitor(systemClock, metrics) };
}

async function openBucketOf(
  { bucketDir, objstoreConfig }: SourceOptions,
  io: CliIo,
  metrics: Metrics | undefined,
) {
  if (bucketDir === undefined && objstoreConfig === undefined) return undefined;
  const { resolve } = await import('node:path');
  const { systemClock } = await import('../base/clock.ts');
  const { systemRandom } = await import('../base/random.ts');
  const { openBucket } = await import('../storage-engine/bucket/open-bucket.ts');
  const ports = { clock: systemClock, random: systemRandom, ...(metrics && { metrics }) };
  if (bucketDir !== undefined)
    return openBucket({ type: 'FILESYSTEM', directory: resolve(io.cwd, bucketDir), prefix: '' }, ports);
  const { readFile } = await import('node:fs/promises');
  const { parseObjectStoreConfig } = await import('../storage-engine/bucket/objstore-config.ts');
  const { followBucket } = await import('../storage-engine/bucket/followed-bucket.ts');
  const path = resolve(io.cwd, objstoreConfig!);
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
