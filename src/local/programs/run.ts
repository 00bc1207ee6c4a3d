import { spawn } from 'node:child_process';
import { limits } from '../../base/limits.ts';

/** How a helper program ended. `output` holds the end of stdout and stderr together. */
export interface RunResult {
  /** Exit code; null when ended by a signal or never started. */
  readonly code: number | null;
  readonly output: string;
}

/** Runs one program to its end without a shell. Never rejects: a program that cannot start has code null. */
export function runProgram(
  file: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; timeoutMs: number; onLine?: (line: string) => void },
): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = spawn(file, [...args], {
      cwd: options.cwd,
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
    });
    let output = '';
    const take = (chunk: Buffer) => {
      const text = chunk.toString('utf8');
      output = (output + text).slice(-limits.helperProgramOutputBytes);
      if (options.onLine)
        for (const line of text.split('\n')) if (line.trim() !== '') options.onLine(line.trim());
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => resolve({ code: null, output: error.message }));
    child.on('close', (code, signal) =>
      resolve({ code, output: signal === null ? output : `${output}\nended by ${signal}` }),
    );
  });
}

/** Last non-empty line of a program's output, for messages. */
export function lastLine(output: string): string {
  return output.trim().split('\n').at(-1)?.trim() ?? '';
}
