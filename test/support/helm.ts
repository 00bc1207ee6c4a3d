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

/** Runs Helm; rejects with what it said. */
export async function helm(...args: readonly string[]): Promise<string> {
  const program = await helmProgram();
  const { stdout } = await run(program, [...args], { maxBuffer: 64 * 1024 * 1024 }).catch(
    (error: { stderr?: string; message: string }) => {
      throw new Error(error.stderr ?? error.message);
    },
  );
  return stdout;
}
