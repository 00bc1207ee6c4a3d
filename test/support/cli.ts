import { buildProgram } from '../../src/cli/program.ts';

/** Runs one command line in process; paths start from `cwd`. */
export async function promfleet(cwd: string, ...args: readonly string[]) {
  const said = { out: '', err: '', code: 0 };
  const program = buildProgram({
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
    env: {},
    cwd,
    colors: false,
    columns: undefined,
    setExitCode: (code) => {
      said.code = code;
    },
  });
  await program.parseAsync([...args], { from: 'user' });
  return said;
}
