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
      const file = partLog(this.#options.layout, this.#name);
      const log = await readFile(file, 'utf8').catch(() => '');
      ended(`${endText(this.#name, end?.exitCode, log)}, starting it again; see ${file}`);
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

/** Exit codes above this stand for the signal that ended the process. */
const signalBase = 128;

/** How a part ended; where it ended by itself with a fault, with the end of its log. */
export function endText(name: string, exitCode: number | undefined, log: string): string {
  if (exitCode !== undefined && exitCode > signalBase)
    return `${name} was ended by signal ${exitCode - signalBase}`;
  const text = `${name} ended with ${exitCode ?? 'an error'}`;
  const line = log.trimEnd().split('\n').at(-1)?.trim() ?? '';
  return exitCode === 0 || line === '' ? text : `${text} (${messageOf(line).slice(0, 200)})`;
}

/** What a line says; of one in JSON, as promfleet logs them, its message and error. */
function messageOf(line: string): string {
  try {
    const { msg, error } = JSON.parse(line) as { readonly msg?: unknown; readonly error?: unknown };
    return [msg, error].filter((part) => typeof part === 'string').join(': ') || line;
  } catch {
    return line;
  }
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
