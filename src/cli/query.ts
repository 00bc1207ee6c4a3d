import type { Command } from 'commander';
import { CodedError } from '../base/errors.ts';
import type { CliIo } from './io.ts';
import { addSourceOptions, openSources, type SourceOptions } from './query-sources.ts';

export function register(program: Command, io: CliIo): void {
  const command = program
    .command('query')
    .description("serves Prometheus's query API over blocks in a bucket and live servers");
  addSourceOptions(command)
    .option('--listen <host:port>', 'where to listen', '127.0.0.1:10902')
    .option('--enable-feature <flags>', "Prometheus's feature flags of PromQL, separated by commas", '')
    .action(async (options: SourceOptions & { listen: string; enableFeature: string }) => {
      const colon = options.listen.lastIndexOf(':');
      const port = Number(options.listen.slice(colon + 1));
      if (colon < 1 || !Number.isInteger(port) || port < 0 || port > 65535)
        throw new CodedError('InvalidOption', `--listen ${options.listen}: host:port is needed`);
      const { systemClock } = await import('../base/clock.ts');
      const { createLogger } = await import('../base/create-logger.ts');
      const { featureFlags } = await import('./promql/features.ts');
      const { createQueryServer } = await import('../storage-engine/serve/server.ts');
      const dialect = featureFlags(options.enableFeature);
      const federation = await openSources(options, io);
      const log = createLogger({ name: 'query' });
      const server = createQueryServer({ federation, dialect, clock: systemClock, log, version: '3.14.0' });
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
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await Promise.all(federation.holders.map((holder) => holder.close()));
    });
}
