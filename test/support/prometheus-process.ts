import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { freePort } from './free-port.ts';
import { realProgram } from './programs.ts';

export interface RunningPrometheus {
  readonly url: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** Starts a real Prometheus (or `program`) over the data folder `folder/data`, ready when this resolves. */
export async function startPrometheus(
  folder: string,
  options: { config?: string; args?: readonly string[]; program?: string } = {},
): Promise<RunningPrometheus> {
  const config = join(folder, 'prometheus.yml');
  writeFileSync(config, options.config ?? 'global: {}\n');
  const address = `127.0.0.1:${await freePort()}`;
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
    '--log.level=error',
    ...(options.args ?? []),
  ];
  const child = spawn(options.program ?? (await realProgram('prometheus')), args, {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://${address}`;
  for (let attempt = 0; ; attempt++) {
    const ready = await fetch(`${url}/-/ready`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) break;
    if (attempt > 400 || child.exitCode !== null)
      throw new Error(`Prometheus did not become ready (exit code ${child.exitCode})`);
    await systemClock.sleep(50);
  }
  return {
    url,
    process: child,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}
