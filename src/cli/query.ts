import type { Server } from 'node:http';
import type { Command } from 'commander';
import { CodedError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { CliIo } from './io.ts';
import {
  type AdmissionFlags,
  addAdmissionOptions,
  admissionFrom,
  parseSize,
} from './query/admission-options.ts';
import { resolutionFrom } from './query/resolution-option.ts';
import { shownFlags } from './query/shown-flags.ts';
import { addSourceOptions, openSources, type SourceOptions } from './query-sources.ts';

interface QueryOptions extends SourceOptions, AdmissionFlags {
  readonly listen: string;
  readonly enableFeature: string;
  readonly rangeCache?: string;
  readonly maxSourceResolution: string;
}

export function register(program: Command, io: CliIo): void {
  const command = program
    .command('query')
    .description("serves Prometheus's query API over blocks in a bucket and live servers");
  addAdmissionOptions(
    addSourceOptions(command)
      .option('--listen <host:port>', 'where to listen', '127.0.0.1:10902')
      .option('--range-cache <size>', 'memory of the cache of range queries, 0 for none (default: 64MiB)')
      .option(
        '--max-source-resolution <resolution>',
        'coarsest samples for requests without max_source_resolution: auto, or a duration such as 5m or 1h',
        '0s',
      )
      .option('--enable-feature <flags>', "Prometheus's feature flags of PromQL, separated by commas", ''),
  ).action((options: QueryOptions) => run(options, io));
}

function rangeCacheBytes(text: string | undefined): number {
  if (text === undefined) return limits.rangeCacheBytes;
  return text === '0' ? 0 : parseSize('--range-cache', text);
}

async function run(options: QueryOptions, io: CliIo): Promise<void> {
  const colon = options.listen.lastIndexOf(':');
  const port = Number(options.listen.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port) || port < 0 || port > 65535)
    throw new CodedError('InvalidOption', `--listen ${options.listen}: host:port is needed`);
  const { systemClock } = await import('../base/clock.ts');
  const { createLogger } = await import('../base/create-logger.ts');
  const { createMetricsRegistry } = await import('../base/metrics-registry.ts');
  const { featureFlags } = await import('./promql/features.ts');
  const { createQueryServer } = await import('../storage-engine/serve/server.ts');
  const dialect = featureFlags(options.enableFeature);
  const admission = await admissionFrom(options, io);
  const metrics = createMetricsRegistry({ processMetrics: true });
  const log = createLogger({ name: 'query' });
  const sources = await openSources(options, io, { log, metrics });
  const server = createQueryServer({
    federation: sources.federation,
    dialect,
    clock: systemClock,
    log,
    version: '3.14.0',
    flags: shownFlags(options),
    admission,
    maxSourceResolution: resolutionFrom(options.maxSourceResolution),
    rangeCacheBytes: rangeCacheBytes(options.rangeCache),
    metrics,
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, options.listen.slice(0, colon), resolve);
  });
  const address = server.address() as { address: string; port: number };
  io.out(`serving on http://${address.address}:${address.port}\n`);
  if (io.signal?.aborted !== true)
    await new Promise<void>((resolve) =>
      io.signal?.addEventListener('abort', () => resolve(), { once: true }),
    );
  await drain(server);
  await sources.close();
}

/** Takes no further requests, lets those that run end for a while, and cuts off the rest. */
async function drain(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const { systemClock } = await import('../base/clock.ts');
  const ended = new AbortController();
  await Promise.race([closed, systemClock.sleep(limits.queryDrainMs, ended.signal).catch(() => undefined)]);
  ended.abort('over');
  server.closeAllConnections();
  await closed;
}
