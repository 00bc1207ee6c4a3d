import { type Command, Option } from 'commander';
import type { Server } from '../render/names.ts';
import { type CliIo, exitCodes } from './io.ts';
import { addTlsOptions, type TlsOptions, tlsOf } from './tls-options.ts';

interface Options extends TlsOptions {
  readonly init?: boolean;
  readonly server: Server;
  readonly serverUrl?: string;
  readonly namespace: string;
  readonly index: string;
  readonly report: string;
  readonly configDir: string;
  readonly serviceAccountDir: string;
  readonly listenAddress?: string;
  readonly loopbackListen?: string;
  readonly tsdbDir?: string;
  readonly objstoreConfig?: string;
  readonly bucketDir?: string;
  readonly shipCompacted?: boolean;
  readonly maxBytesPerSecond?: string;
  readonly logLevel: string;
}

/** The sidecar of every server pod; people do not call it. */
export function register(program: Command, io: CliIo): void {
  const command = program
    .command('reloader')
    .description('agent beside a server: brings its bundle into it and reports (runs in pods)')
    .option('--init', 'write the files once and end')
    .addOption(
      new Option('--server <kind>', 'what it serves')
        .choices(['prometheus', 'alertmanager'])
        .makeOptionMandatory(),
    )
    .option('--server-url <url>', 'HTTP API of the server')
    .requiredOption('--namespace <name>', 'namespace of the pod')
    .requiredOption('--index <name>', 'ConfigMap with the index of the bundle')
    .requiredOption('--report <name>', 'ConfigMap to report in')
    .requiredOption('--config-dir <path>', 'folder of the configuration')
    .option(
      '--service-account-dir <path>',
      "folder with the pod's token and certificate authority",
      '/var/run/secrets/kubernetes.io/serviceaccount',
    )
    .option('--listen-address <host:port>', 'where to serve /healthz and /metrics')
    .option('--loopback-listen <host:port>', 'where the server may be read without a certificate')
    .option('--tsdb-dir <path>', 'data folder of the server, whose blocks are shipped')
    .option('--objstore-config <file>', 'the bucket that they go to')
    .option('--bucket-dir <folder>', 'the bucket that they go to, a folder')
    .option('--ship-compacted', 'ship blocks too that Prometheus compacted')
    .option('--max-bytes-per-second <quantity>', 'limit of the upload')
    .option('--log-level <level>', 'debug, info, warn or error', 'info');
  addTlsOptions(command).action(async (options: Options) => {
    (await import('../agents/reloader/small-heap.ts')).preferSmallHeap();
    const [{ runReloader }, { plainLogger }, { systemClock }] = await Promise.all([
      import('../agents/reloader/run.ts'),
      import('../agents/reloader/plain-log.ts'),
      import('../base/clock.ts'),
    ]);
    const log = plainLogger({
      level: options.logLevel,
      name: 'reloader',
      clock: systemClock,
      write: io.err,
    });
    try {
      await runReloader({
        ...options,
        init: options.init === true,
        serverUrl: options.serverUrl,
        listenAddress: options.listenAddress,
        tls: options.init === true ? undefined : await tlsOf(options, io),
        loopbackListen: options.loopbackListen,
        shipping: await shippingOf(options, io),
        agentVersion: program.version() ?? '',
        environment: io.env,
        log,
        signal: io.signal ?? new AbortController().signal,
      });
    } catch {
      // Logged where it happened, with its context.
      io.setExitCode(exitCodes.fault);
    }
  });
}

async function shippingOf(options: Options, io: CliIo) {
  if (options.tsdbDir === undefined || options.init === true) return undefined;
  const { bucketPlace, rateLimit } = await import('../agents/shipper/options.ts');
  const { resolve } = await import('node:path');
  return {
    tsdbDir: resolve(io.cwd, options.tsdbDir),
    place: bucketPlace(options, (path) => resolve(io.cwd, path)),
    compacted: options.shipCompacted === true,
    bytesPerSecond: rateLimit(options.maxBytesPerSecond),
  };
}
