import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, linkSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import { freePort } from '../../support/free-port.ts';
import { startPrometheus } from '../../support/prometheus-process.ts';

/** A server under measurement. */
export interface BenchServer {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const root = join(import.meta.dirname, '../../..');

/** Of a server that compacts and deletes nothing. */
export const referenceArgs: readonly string[] = [
  '--storage.tsdb.retention.time=100y',
  '--storage.tsdb.min-block-duration=2h',
  '--storage.tsdb.max-block-duration=2h',
  '--query.max-samples=500000000',
  '--query.timeout=1h',
];

/** Prometheus over the same blocks, linked into a folder of its own; it compacts and deletes nothing. */
export async function startReference(blocks: string, folder: string): Promise<BenchServer> {
  const data = join(folder, 'data');
  for (const block of readdirSync(blocks)) linkTree(join(blocks, block), join(data, block));
  const running = await startPrometheus(folder, { args: referenceArgs });
  return { name: 'Prometheus', url: running.url, pid: running.process.pid!, stop: () => running.stop() };
}

function linkTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isDirectory()) linkTree(join(from, entry.name), join(to, entry.name));
    else if (entry.name === 'meta.json') cpSync(join(from, entry.name), join(to, entry.name));
    else linkSync(join(from, entry.name), join(to, entry.name));
  }
}

/** `promfleet query` over the blocks; ready when this resolves, which is when it answered the first query. */
export async function startOurs(
  args: readonly string[],
  firstQuery: string,
): Promise<BenchServer & { coldMs: number }> {
  const address = `127.0.0.1:${await freePort()}`;
  const beganMs = performance.now();
  const child = spawn(process.execPath, [join(root, 'dist/main.js'), 'query', ...args, '--listen', address], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://${address}`;
  for (;;) {
    const answered = await fetch(`${url}/api/v1/query?${firstQuery}`).then(
      (response) => response.text().then((text) => response.ok && !text.includes('"result":[]')),
      () => false,
    );
    if (answered) break;
    if (child.exitCode !== null) throw new Error(`promfleet query ended with ${child.exitCode}`);
    if (performance.now() - beganMs > 120_000) throw new Error('promfleet query gave no answer in 120 s');
    await systemClock.sleep(5);
  }
  return {
    name: 'promfleet',
    url,
    pid: child.pid!,
    coldMs: performance.now() - beganMs,
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

/** User and system time of a process so far, in seconds. */
export function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Memory of a process in MiB: resident, its peak, and what is not mapped from files. */
export function memoryMib(pid: number): { rss: number; peak: number; own: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1024;
  return { rss: mib('VmRSS'), peak: mib('VmHWM'), own: mib('RssAnon') + mib('RssShmem') };
}
