import type { Command } from 'commander';
import { CodedError } from '../base/errors.ts';
import type { CliIo } from './io.ts';

export function register(program: Command, io: CliIo): void {
  program
    .command('webhook-sink')
    .description("receives Alertmanager's webhook notifications and prints a line for each alert")
    .option('--listen-address <host:port>', 'where to listen', '127.0.0.1:8080')
    .action(async ({ listenAddress }: { listenAddress: string }) => {
      const colon = listenAddress.lastIndexOf(':');
      const port = Number(listenAddress.slice(colon + 1));
      if (colon < 1 || !Number.isInteger(port) || port < 0 || port > 65535) {
        throw new CodedError('InvalidOption', `--listen-address ${listenAddress}: host:port is needed`);
      }
      const { systemClock } = await import('../base/clock.ts');
      const { startWebhookSink } = await import('../local/webhook-sink.ts');
      const listen = { host: listenAddress.slice(0, colon), port };
      const sink = await startWebhookSink(listen, (line) => io.out(`${line}\n`), systemClock);
      io.out(`listening on ${sink.url}\n`);
      await new Promise<void>((resolve) =>
        io.signal?.addEventListener('abort', () => resolve(), { once: true }),
      );
      await sink.close();
    });
}
