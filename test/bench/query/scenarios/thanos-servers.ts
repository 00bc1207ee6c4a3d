import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../../src/base/clock.ts';
import { freePort } from '../../../support/free-port.ts';
import { thanos } from '../../../support/thanos.ts';
import type { BenchServer } from '../servers.ts';

/** What a Thanos querier has below it. */
export interface ThanosSources {
  /** Text of an objstore.yml; JSON is YAML. */
  readonly objectStore?: object;
  /** Prometheus servers with the data folder of each. */
  readonly sidecars?: readonly { readonly url: string; readonly data: string }[];
}

/** Thanos store, sidecars and query of them: what a user would run instead. Ready when it answers `firstQuery`. */
export async function startThanos(
  folder: string,
  { objectStore, sidecars = [] }: ThanosSources,
  firstQuery: string,
): Promise<BenchServer> {
  mkdirSync(folder, { recursive: true });
  const program = await thanos();
  const children: ChildProcess[] = [];
  const start = (args: readonly string[]) => {
    const child = spawn(program, [...args, '--log.level=error'], { stdio: ['ignore', 'ignore', 'inherit'] });
    children.push(child);
    return child;
  };
  const endpoints: string[] = [];
  const addresses = async () => {
    const grpc = `127.0.0.1:${await freePort()}`;
    endpoints.push(grpc);
    return [`--grpc-address=${grpc}`, `--http-address=127.0.0.1:${await freePort()}`];
  };
  if (objectStore !== undefined) {
    const config = join(folder, 'objstore.yml');
    writeFileSync(config, JSON.stringify(objectStore));
    const data = `--data-dir=${join(folder, 'store')}`;
    start(['store', `--objstore.config-file=${config}`, data, ...(await addresses())]);
  }
  for (const { url, data } of sidecars)
    start(['sidecar', `--prometheus.url=${url}`, `--tsdb.path=${data}`, ...(await addresses())]);
  const http = `127.0.0.1:${await freePort()}`;
  const query = start([
    'query',
    `--http-address=${http}`,
    `--grpc-address=127.0.0.1:${await freePort()}`,
    '--query.replica-label=replica',
    '--query.timeout=10m',
    ...endpoints.map((endpoint) => `--endpoint=${endpoint}`),
  ]);
  const url = `http://${http}`;
  const stop = async () => {
    for (const child of children) child.kill('SIGKILL');
  };
  for (let attempt = 0; ; attempt++) {
    const answered = await fetch(`${url}/api/v1/query?${firstQuery}`).then(
      (response) => response.text().then((text) => response.ok && !text.includes('"result":[]')),
      () => false,
    );
    if (answered) return { name: 'Thanos', url, pid: query.pid!, stop };
    if (attempt > 1200 || query.exitCode !== null) {
      await stop();
      throw new Error('Thanos gave no answer in 120 s');
    }
    await systemClock.sleep(100);
  }
}
