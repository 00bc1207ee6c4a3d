import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { backoffDelayMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { Random } from '../../base/random.ts';
import { readJsonFile, writeFileAtomically } from '../node/pod/files.ts';
import { adoptProcess, endProcess, type LocalProcess, startIdOf, startProcess } from '../node/pod/process.ts';
import { type Layout, partMarker } from './layout.ts';

export type PartName = 'apiserver' | 'operator';

interface PartRecord {
  readonly pid: number;
  readonly startId: string;
}

export interface PartOptions {
  readonly layout: Layout;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly random: Random;
  /** Told when the process ended by itself, before it is started again. */
  readonly ended: (message: string) => void;
}

/** A child process that shall always run: started again with backoff whenever it ends. */
export class Part {
  readonly #name: PartName;
  readonly #options: PartOptions;
  readonly #stop = new AbortController();
  #process: LocalProcess | null = null;
  #loop: Promise<void> = Promise.resolve();

  constructor(name: PartName, options: PartOptions) {
    this.#name = name;
    this.#options = options;
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Rejects when the program cannot be started at all. What an earlier run left must have been ended. */
  async start(): Promise<void> {
    await this.#launch();
    this.#loop = this.#supervise();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    if (this.#process !== null) await endProcess(this.#process, limits.localStopGraceMs, this.#options.clock);
    await this.#loop;
  }

  async #launch(): Promise<void> {
    const { layout, file, args, env } = this.#options;
    this.#process = await startProcess({
      file,
      args,
      env: { ...env, [partMarker]: layout.root },
      cwd: layout.root,
      logFile: partLog(layout, this.#name),
    });
    const record: PartRecord = { pid: this.#process.pid, startId: this.#process.startId };
    await writeFileAtomically(recordFile(layout, this.#name), JSON.stringify(record));
  }

  async #supervise(): Promise<void> {
    const { clock, random, ended } = this.#options;
    for (let failures = 0; ; ) {
      const startedMs = clock.monotonicMs();
      const end = await this.#process?.ended;
      if (this.#stop.signal.aborted) return;
      const reason = end?.exitCode === 0 ? '' : await lastLogLine(partLog(this.#options.layout, this.#name));
      ended(`${this.#name} ended with ${end?.exitCode ?? 'an error'}, starting it again${reason}`);
      failures = clock.monotonicMs() - startedMs > limits.localRestartMaxMs ? 1 : failures + 1;
      const backoff = { firstDelayMs: limits.localRestartFirstMs, maxDelayMs: limits.localRestartMaxMs };
      try {
        await clock.sleep(backoffDelayMs(failures, backoff, random), this.#stop.signal);
        await this.#launch();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#process = null;
        ended(`${this.#name} cannot be started: ${String(error)}`);
      }
      // Stopped while it was being started: nobody else would end it.
      if (this.#stop.signal.aborted && this.#process !== null) {
        await endProcess(this.#process, limits.localStopGraceMs, clock);
        return;
      }
    }
  }
}

/** End of a log, for a message; empty when there is none. */
async function lastLogLine(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const line = text.trimEnd().split('\n').at(-1)?.trim() ?? '';
  return line === '' ? '' : ` (${line.slice(0, 200)}; see ${file})`;
}

export function partLog(layout: Layout, name: PartName): string {
  return join(layout.system, `${name}.log`);
}

function recordFile(layout: Layout, name: PartName): string {
  return join(layout.system, `${name}.json`);
}

/** Process id of a part that runs now, whoever started it; null when it does not. */
export async function findPart(layout: Layout, name: PartName): Promise<number | null> {
  const record = await readJsonFile<PartRecord>(recordFile(layout, name));
  return record !== null && (await startIdOf(record.pid)) === record.startId ? record.pid : null;
}

/** Ends a part that an earlier run left. */
export async function endLeftPart(layout: Layout, name: PartName, clock: Clock): Promise<void> {
  const record = await readJsonFile<PartRecord>(recordFile(layout, name));
  const left = record === null ? null : await adoptProcess(record.pid, record.startId, clock);
  if (left !== null) await endProcess(left, limits.localStopGraceMs, clock);
}
