import type { Command } from 'commander';
import type { CliIo } from './io.ts';
import type { UninstallOptions } from './uninstall/run.ts';

export function register(program: Command, io: CliIo): void {
  program
    .command('uninstall')
    .description('shows what promfleet made in a cluster; with --purge removes all of it')
    .option('--kubeconfig <file>', 'kubeconfig; default: KUBECONFIG, in-cluster, ~/.kube/config')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--purge', 'remove every object, workload and CustomResourceDefinition of promfleet')
    .option('--keep-volumes', 'leave the PersistentVolumeClaims and with them the data')
    .option(
      '--keep-definitions',
      'leave the CustomResourceDefinitions and with them all stacks, rules, routes and silences',
    )
    .addHelpText(
      'after',
      '\nFirst take the operator away (helm uninstall, kubectl delete deploy): it would make everything anew.' +
        '\nBuckets are never touched. Several installations in one cluster (--class) are purged together.',
    )
    .action(async (options: UninstallOptions) => {
      const { runUninstall } = await import('./uninstall/run.ts');
      io.setExitCode(await runUninstall(options, io));
    });
}
