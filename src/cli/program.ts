import { Command } from 'commander';

/**
 * Runs one command line and returns the process exit code. Each command is one file beside this one that exports
 * `register(program)`; it is imported lazily in its action, so an agent loads only its own role.
 */
export async function runCli(argv: readonly string[], _environment: NodeJS.ProcessEnv): Promise<number> {
  const program = new Command('promfleet');
  program
    .description('Runs fleets of Prometheus and Alertmanager, declared as Kubernetes resources')
    .version('0.1.0');
  await program.parseAsync([...argv], { from: 'user' });
  return 0;
}
