import type { Command } from 'commander';
import { CodedError } from '../base/errors.ts';
import { type CliIo, exitCodes } from './io.ts';
import { addTlsOptions, type TlsOptions, tlsOf } from './tls-options.ts';

interface Options extends TlsOptions {
  readonly tsdbDir: string;
  readonly objstoreConfig?: string;
  readonly bucketDir?: string;
  readonly label: readonly string[];
  readonly prometheusUrl?: string;
  readonly once?: boolean;
  readonly shipCompacted?: boolean;
  readonly maxBytesPerSecond?: string;
  readonly listenAddress?: string;
  readonly logLevel: string;
}

export function register(program: Command, io: CliIo): void {
  const command = program
    .command('shipper')
    .description('send the finished blocks of a Prometheus to a bucket, verified before and after')
    .requiredOption('--tsdb-dir <folder>', 'data folder of the Prometheus')
    .option('--objstore-config <file>', "the bucket, described by Thanos's objstore.yml")
    .option('--bucket-dir <folder>', 'the bucket, a folder')
    .option(
      '--label <name=value>',
      'external label of every block, unlike those of other writers; may be given several times',
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option(
      '--prometheus-url <url>',
      'the Prometheus whose external_labels are taken, where no --label is given',
    )
    .option('--once', 'ship what is there and end')
    .option('--ship-compacted', 'ship blocks too that Prometheus compacted')
    .option('--max-bytes-per-second <quantity>', 'limit of the upload, such as 20M')
    .option('--listen-address <host:port>', 'where to serve /healthz and /metrics')
    .option('--log-level <level>', 'debug, info, warn or error', 'info');
  addTlsOptions(command).action(async (options: Options) => {
    const [
      { openShipper },
      { bucketPlace, parseLabels, rateLimit },
      { plainLogger },
      { systemClock },
      { resolve },
    ] = await Promise.all([
      import('../agents/shipper/run.ts'),
      import('../agents/shipper/options.ts'),
      import('../agents/reloader/plain-log.ts'),
      import('../base/clock.ts'),
      import('node:path'),
    ]);
    const labels = parseLabels(options.label);
    if (options.label.length === 0 && options.prometheusUrl === undefined)
      throw new CodedError('ExternalLabelsMissing', 'neither --label nor --prometheus-url is given');
    const bytesPerSecond = rateLimit(options.maxBytesPerSecond);
    const signal = io.signal ?? new AbortController().signal;
    const log = plainLogger({
      level: options.logLevel,
      name: 'shipper',
      clock: systemClock,
      write: io.err,
    });
    const { openTls, serveEndpoint } = await import('../agents/reloader/endpoint.ts');
    const tlsSettings = await tlsOf(options, io);
    const tls = tlsSettings === undefined ? undefined : openTls(tlsSettings);
    const { shipper, close } = openShipper({
      tsdbDir: resolve(io.cwd, options.tsdbDir),
      place: bucketPlace(options, (path) => resolve(io.cwd, path)),
      labels: options.label.length === 0 ? undefined : labels,
      prometheusUrl: options.prometheusUrl,
      tls: tls?.client,
      compacted: options.shipCompacted === true,
      bytesPerSecond,
      source: 'sidecar',
      log,
    });
    try {
      if (options.once === true) {
        const done = await shipper.round(signal);
        const { uploads, waitingBlocks, heldBlocks } = shipper.state;
        io.out(`shipped ${uploads}, waiting ${waitingBlocks}, compacted and not shipped ${heldBlocks}\n`);
        if (!done) io.setExitCode(exitCodes.fault);
        return;
      }
      const tasks = [shipper.run(signal)];
      if (options.listenAddress !== undefined) {
        const { shipperMetrics } = await import('../agents/shipper/metrics-text.ts');
        tasks.push(
          serveEndpoint(options.listenAddress, () => shipperMetrics(shipper.state), {
            signal,
            clock: systemClock,
            tls,
          }),
        );
      }
      await Promise.all(tasks);
    } finally {
      await close();
    }
  });
}
