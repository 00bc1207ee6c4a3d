import type { Command } from 'commander';
import type { CliIo } from './io.ts';

interface Options {
  readonly json?: boolean;
  readonly sarif?: boolean;
  readonly prometheusVersion: string;
  readonly alertmanagerVersion: string;
  readonly enableFeature?: string;
}

export function register(program: Command, io: CliIo): void {
  program
    .command('validate')
    .description('checks manifests offline: fields, PromQL, templates, matchers, references')
    .argument('<path...>', 'files, or folders that are read with everything below; - is standard input')
    .option('--json', 'print the faults as JSON')
    .option('--sarif', 'print the faults as SARIF 2.1.0, for code review and CI')
    .option('--prometheus-version <version>', 'version to judge expressions by', 'v3.5.3')
    .option('--alertmanager-version <version>', 'version to judge receivers by', 'v0.33.1')
    .option('--enable-feature <list>', 'feature flags of that Prometheus, comma separated')
    .addHelpText(
      'after',
      '\nExit code: 0 when nothing is wrong, 1 when a fault was found, 2 on wrong usage.\nVersions are taken from the MonitoringStacks among the manifests, if there are any.',
    )
    .action(async (paths: string[], options: Options) => {
      const { runValidate } = await import('./validate/run.ts');
      io.setExitCode(await runValidate(paths, options, io));
    });
}
