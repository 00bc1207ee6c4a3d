import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findOnPath } from '../../src/local/programs/path-search.ts';
import { goProgram } from './go-program.ts';

const run = promisify(execFile);

/** Helm: from PATH, else built from its Go module. */
export async function helmProgram(): Promise<string> {
  return (
    findOnPath('helm', process.env)[0] ??
    (await goProgram({
      name: 'helm',
      version: '3.22.0',
      go: { module: 'helm.sh/helm/v3', version: 'v3.22.0', packagePath: './cmd/helm' },
    }))
  );
}

/** Commands that ask no cluster for its version; Helm built from its module takes it for 1.20. */
const offline: ReadonlySet<string | undefined> = new Set(['template', 'lint']);

/** Runs Helm; rejects with what it said. */
export async function helm(...args: readonly string[]): Promise<string> {
  const program = await helmProgram();
  const version = offline.has(args[0]) ? ['--kube-version', '1.36.0'] : [];
  const { stdout } = await run(program, [...args, ...version], { maxBuffer: 64 * 1024 * 1024 }).catch(
    (error: { stderr?: string; message: string }) => {
      throw new Error(error.stderr ?? error.message);
    },
  );
  return stdout;
}
