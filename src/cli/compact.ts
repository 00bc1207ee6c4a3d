import type { Command } from 'commander';
import { CodedError } from '../base/errors.ts';
import { type CliIo, exitCodes } from './io.ts';
import { addTlsOptions, type TlsOptions, tlsOf } from './tls-options.ts';

interface Options extends TlsOptions {
  readonly objstoreConfig?: string;
  readonly bucketDir?: string;
  readonly listen?: string;
  readonly retentionConfigmap?: string;
  readonly report?: string;
  readonly serviceAccountDir: string;
  readonly dataDir: string;
  readonly once?: boolean;
  readonly waitInterval: string;
  readonly replicaLabel: readonly string[];
  readonly memory: string;
  readonly concurrency: string;
  readonly consistencyDelay: string;
  readonly deleteDelay: string;
  readonly chunkEncoding: string;
  readonly downsampling: boolean;
  readonly logLevel: string;
}

const collect = (value: string, before: string[]) => [...before, value];

export function register(program: Command, io: CliIo): void {
  const command = program
    .command('compact')
    .description('merge, deduplicate and downsample the blocks of a bucket, and delete what is replaced')
    .option('--objstore-config <file>', "the bucket, described by Thanos's objstore.yml")
    .option('--bucket-dir <folder>', 'the bucket, a folder')
    .option('--listen <host:port>', 'where to serve /-/healthy and /-/ready')
    .option(
      '--retention-configmap <namespace/name>',
      'what is to live how long, as a stack orders it (in pods)',
    )
    .option('--report <namespace/name>', 'ConfigMap to report in (in pods)')
    .option(
      '--service-account-dir <path>',
      "folder with the pod's token and certificate authority",
      '/var/run/secrets/kubernetes.io/serviceaccount',
    )
    .option('--data-dir <folder>', 'folder for scratch files', './compact-data')
    .option('--once', 'do what is to do and end; the exit code tells whether a group was left out')
    .option('--wait-interval <duration>', 'time between two passes', '5m')
    .option(
      '--replica-label <name>',
      'external label that tells HA replicas apart: they become one; may be given several times',
      collect,
      [],
    )
    .option('--memory <quantity>', 'memory for all work together', '1Gi')
    .option('--concurrency <number>', 'groups that are worked on at the same time', '1')
    .option('--consistency-delay <duration>', 'age from which on an uploaded block is taken for whole', '30m')
    .option('--delete-delay <duration>', 'time between marking a block and deleting it', '48h')
    .option(
      '--chunk-encoding <which>',
      'compatible: encodings that released Thanos reads, without start timestamps; native: as they are',
      'compatible',
    )
    .option('--no-downsampling', 'make no blocks of 5 minutes and of 1 hour')
    .option('--log-level <level>', 'debug, info, warn or error', 'info');
  addTlsOptions(command).action(async (options: Options) => {
    const [{ openCompactor }, { plainLogger }, { systemClock }, { systemRandom }, { quantityValue }] =
      await Promise.all([
        import('../storage-engine/lifecycle/compactor/open-compactor.ts'),
        import('../agents/reloader/plain-log.ts'),
        import('../base/clock.ts'),
        import('../base/random.ts'),
        import('../render/workload/quantity.ts'),
      ]);
    const { openBucketOf } = await import('./query-sources.ts');
    const { resolve } = await import('node:path');
    const time = await durationReader();
    const memoryBytes = Number(quantityValue(options.memory) ?? 0n);
    if (memoryBytes < 64 * 1024 * 1024)
      throw new CodedError('InvalidOption', `--memory ${options.memory}: it is no quantity of 64Mi or more`);
    const concurrency = Number(options.concurrency);
    if (!Number.isSafeInteger(concurrency) || concurrency < 1)
      throw new CodedError('InvalidOption', `--concurrency ${options.concurrency}: it is no number above 0`);
    if (options.chunkEncoding !== 'compatible' && options.chunkEncoding !== 'native')
      throw new CodedError(
        'InvalidOption',
        `--chunk-encoding ${options.chunkEncoding}: compatible or native`,
      );
    const waitMs = time('--wait-interval', options.waitInterval);
    const signal = io.signal ?? new AbortController().signal;
    const log = plainLogger({
      level: options.logLevel,
      name: 'compact',
      clock: systemClock,
      write: io.err,
    });
    const { RetentionStore } = await import('../storage-engine/retention/retention-store.ts');
    if ((options.bucketDir === undefined) === (options.objstoreConfig === undefined))
      throw new CodedError('InvalidOption', 'one of --objstore-config and --bucket-dir is needed');
    const bucket = (await openBucketOf(options, io))!;
    const retention = new RetentionStore(bucket, systemClock);
    const { compactor, close } = await openCompactor({
      bucket,
      clock: systemClock,
      random: systemRandom,
      log,
      dataFolder: resolve(io.cwd, options.dataDir),
      memoryBytes,
      replicaLabels: options.replicaLabel,
      native: options.chunkEncoding === 'native',
      concurrency,
      consistencyDelayMs: time('--consistency-delay', options.consistencyDelay),
      deletionDelayMs: time('--delete-delay', options.deleteDelay),
      downsample: options.downsampling,
      retention,
    });
    try {
      if (options.once === true) {
        const { quarantined, ...done } = await compactor.pass(signal);
        log.info({ ...done, quarantined: [...quarantined.keys()] }, 'pass done');
        if (quarantined.size > 0) io.setExitCode(exitCodes.fault);
        return;
      }
      const tasks = [compactor.run(waitMs, signal)];
      if (options.listen !== undefined) {
        const { openTls, serveEndpoint } = await import('../agents/reloader/endpoint.ts');
        const tlsSettings = await tlsOf(options, io);
        const tls = tlsSettings === undefined ? undefined : openTls(tlsSettings);
        tasks.push(serveEndpoint(options.listen, undefined, { signal, clock: systemClock, tls }));
      }
      const { retentionConfigmap: order, report } = options;
      if (order !== undefined && report !== undefined) {
        const { runRetention } = await import('../agents/compactor/run.ts');
        const { serviceAccountDir } = options;
        const environment = io.env;
        tasks.push(runRetention({ bucket, order, report, serviceAccountDir, environment, log }, signal));
      }
      await Promise.all(tasks);
    } finally {
      await close();
      await bucket.close();
    }
  });
}

async function durationReader(): Promise<(option: string, text: string) => number> {
  const { parseDuration } = await import('../storage-engine/promql/syntax/durations.ts');
  return (option, text) => {
    const parsed = parseDuration(text === '0' ? '0s' : text);
    if ('ms' in parsed) return parsed.ms;
    throw new CodedError('InvalidOption', `${option} ${text}: ${parsed.reason}`);
  };
}
