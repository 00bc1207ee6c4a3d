import type { Command } from 'commander';
import type { CliIo } from './io.ts';

interface Options {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly all?: boolean;
  readonly json?: boolean;
  readonly watch?: boolean;
}

export function register(program: Command, io: CliIo): void {
  program
    .command('status')
    .description(
      'shows stacks, rule sets, routes, silences and retention policies as the cluster reports them',
    )
    .option(
      '--kubeconfig <file>',
      'kubeconfig; default: .promfleet/kubeconfig, then KUBECONFIG, in-cluster, ~/.kube/config',
    )
    .option('--context <name>', 'context of the kubeconfig')
    .option('-n, --namespace <name>', 'one namespace; default: all')
    .option('-a, --all', 'list every object, not only a part where there are many')
    .option('--json', 'print JSON')
    .option('-w, --watch', 'show again whenever something changed, until Ctrl-C')
    .addHelpText(
      'after',
      '\nExit code: 0 when everything is ready, 1 when something is not, 2 on wrong usage.',
    )
    .action(async (options: Options) => {
      const { runStatus } = await import('./status/run.ts');
      io.setExitCode(await runStatus(options, io));
    });
}
