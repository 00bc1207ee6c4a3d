import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CliIo } from './io.ts';

const stateOption = [
  '--state-dir <folder>',
  'where everything of the local control plane lies',
  '.promfleet',
] as const;

export function register(program: Command, io: CliIo): void {
  const local = program
    .command('local')
    .description('runs a whole control plane on this machine, without a cluster');

  local
    .command('up')
    .description('starts it, applies manifests, shows every step, stays until Ctrl-C; data is kept')
    .option('-f, --filename <path...>', 'manifests: files, or folders with everything below', [])
    .option(...stateOption)
    .option('--shared-address', 'pods share 127.0.0.1, for machines without loopback aliases')
    .option('--log-level <level>', 'debug, info, warn or error', 'warn')
    .action(
      async (options: {
        filename: string[];
        stateDir: string;
        sharedAddress?: boolean;
        logLevel: string;
      }) => {
        const { runUp } = await import('../local/up/run.ts');
        const { createProgress } = await import('../local/up/progress.ts');
        const { systemClock } = await import('../base/clock.ts');
        const { systemRandom } = await import('../base/random.ts');
        const { createLogger } = await import('../base/create-logger.ts');
        await runUp({
          stateDir: resolve(io.cwd, options.stateDir),
          manifests: options.filename.map((path) => resolve(io.cwd, path)),
          mainFile: process.argv[1] ?? '',
          environment: io.env,
          clock: systemClock,
          random: systemRandom,
          log: createLogger({ level: options.logLevel, name: 'local' }),
          progress: createProgress({ tty: io.colors, out: io.out, clock: systemClock }),
          signal: io.signal ?? new AbortController().signal,
          ...(options.sharedAddress === undefined ? {} : { sharedAddress: options.sharedAddress }),
        });
      },
    );

  local
    .command('down')
    .description('ends it and removes its objects and data')
    .option(...stateOption)
    .option('--programs', 'remove downloaded programs too')
    .action(async (options: { stateDir: string; programs?: boolean }) => {
      const { runDown } = await import('../local/up/control.ts');
      const { systemClock } = await import('../base/clock.ts');
      await runDown({
        stateDir: resolve(io.cwd, options.stateDir),
        programs: options.programs === true,
        clock: systemClock,
        say: (text) => io.out(`${text}\n`),
      });
    });

  local
    .command('status')
    .description('shows the parts and pods that run')
    .option(...stateOption)
    .option('--json', 'print JSON')
    .action(async (options: { stateDir: string; json?: boolean }) => {
      const { readStatus, statusText } = await import('../local/up/control.ts');
      const { systemClock } = await import('../base/clock.ts');
      const { systemRandom } = await import('../base/random.ts');
      const status = await readStatus({
        stateDir: resolve(io.cwd, options.stateDir),
        clock: systemClock,
        random: systemRandom,
      });
      io.out(options.json === true ? `${JSON.stringify(status, null, 2)}\n` : statusText(status));
    });

  local
    .command('apiserver', { hidden: true })
    .description('the API server alone; started by up')
    .requiredOption('--state-dir <folder>', 'state folder')
    .requiredOption('--port <number>', 'port on 127.0.0.1', Number)
    .action(async (options: { stateDir: string; port: number }) => {
      const { runApiServer } = await import('../local/up/api-server.ts');
      const { systemClock } = await import('../base/clock.ts');
      const { createLogger } = await import('../base/create-logger.ts');
      await runApiServer({
        stateDir: resolve(io.cwd, options.stateDir),
        port: options.port,
        clock: systemClock,
        log: createLogger({ name: 'apiserver' }),
        signal: io.signal ?? new AbortController().signal,
      });
    });
}
