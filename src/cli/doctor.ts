import type { Command } from 'commander';
import type { CliIo } from './io.ts';

interface Options {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly objstoreConfig?: string;
  readonly bucketDir?: string;
  readonly json?: boolean;
}

export function register(program: Command, io: CliIo): void {
  program
    .command('doctor')
    .description(
      'looks for the usual faults: API server, kinds, rights, clock, operator, pods, replicas, bucket',
    )
    .option(
      '--kubeconfig <file>',
      'kubeconfig; default: .promfleet/kubeconfig, then KUBECONFIG, in-cluster, ~/.kube/config',
    )
    .option('--context <name>', 'context of the kubeconfig')
    .option(
      '--objstore-config <file>',
      "also try a bucket, described by Thanos's objstore.yml: write, read, list, delete",
    )
    .option('--bucket-dir <folder>', 'the same for a bucket that is a folder')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit code: 0 when no fault was found, 1 when one was, 2 on wrong usage.')
    .action(async (options: Options) => {
      const { runDoctor } = await import('./doctor/run.ts');
      io.setExitCode(await runDoctor(options, io));
    });
}
