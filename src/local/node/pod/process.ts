import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { limits } from '../../../base/limits.ts';
import { runProgram } from '../../programs/run.ts';

/** How a process ended. `exitCode` is 128 + signal for a signal, as container runtimes report it. */
export interface ProcessEnd {
  readonly exitCode: number;
  readonly signal: number | null;
}

/** A process of this machine that is known for certain: `startId` tells it from a later one with the same pid. */
export interface LocalProcess {
  readonly pid: number;
  readonly startId: string;
  readonly ended: Promise<ProcessEnd>;
  /** Signals the process with its group; false when it has ended. */
  signal(name: 'SIGTERM' | 'SIGKILL'): boolean;
}

export interface ProcessSpec {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** stdout and stderr are appended here by the process itself, so they outlive us. */
  readonly logFile: string;
}

/** Every process of a node carries its state folder in this variable: how lost ones are found. */
export const nodeMarker = 'PROMFLEET_LOCAL_NODE';

const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGABRT: 6,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/** Exit code of a process whose end nobody saw. */
export const unseenEnd: ProcessEnd = { exitCode: 255, signal: null };

/**
 * Starts a program without a shell, in a session of its own: Ctrl-C in our terminal does not reach it, so that the node can
 * end everything in order. Rejects when it cannot be started.
 */
export async function startProcess(spec: ProcessSpec): Promise<LocalProcess> {
  await mkdir(dirname(spec.logFile), { recursive: true });
  const log = openSync(spec.logFile, 'a', 0o600);
  try {
    const child = spawn(spec.file, [...spec.args], {
      cwd: spec.cwd,
      env: { ...spec.env },
      stdio: ['ignore', log, log],
      detached: true,
    });
    const ended = new Promise<ProcessEnd>((resolve) => {
      child.on('exit', (code, signal) => {
        const number = signal === null ? null : (signalNumbers[signal] ?? 0);
        resolve({ exitCode: code ?? 128 + (number ?? 0), signal: number });
      });
    });
    await new Promise<void>((resolve, reject) => {
      child.on('spawn', resolve);
      child.on('error', reject);
    });
    const pid = child.pid ?? 0;
    let running = true;
    void ended.then(() => {
      running = false;
    });
    return {
      pid,
      startId: (await startIdOf(pid)) ?? '',
      ended,
      signal: (name) => running && signalGroup(pid, name),
    };
  } finally {
    closeSync(log);
  }
}

/** A process started by an earlier run of the node, or null when it is gone. Its end is noticed by looking. */
export async function adoptProcess(pid: number, startId: string, clock: Clock): Promise<LocalProcess | null> {
  const isSame = async () => (await startIdOf(pid)) === startId;
  if (startId === '' || !(await isSame())) return null;
  let running = true;
  const watch = async (): Promise<ProcessEnd> => {
    while (await isSame()) await clock.sleep(limits.adoptedProcessPollMs);
    running = false;
    return unseenEnd;
  };
  return { pid, startId, ended: watch(), signal: (name) => running && signalGroup(pid, name) };
}

function signalGroup(pid: number, name: 'SIGTERM' | 'SIGKILL'): boolean {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, name);
      return true;
    } catch {
      // No such group: the process leads none any more, or has ended.
    }
  }
  return false;
}

/** What tells this process from any other that ever had its id; null when none runs (a zombie does not). */
export async function startIdOf(pid: number): Promise<string | null> {
  if (process.platform === 'linux') {
    try {
      // proc(5): after the parenthesised name come state (field 3) and start time in clock ticks (field 22).
      const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
    } catch {
      return null;
    }
  }
  const result = await runProgram('ps', ['-o', 'lstart=', '-p', String(pid)], {
    timeoutMs: limits.versionCheckTimeoutMs,
  });
  return result.code === 0 && result.output.trim() !== '' ? result.output.trim() : null;
}

/** Ids of all processes that carry the marker of `stateDir` (Linux; elsewhere the recorded ids must do). */
export function markedProcesses(stateDir: string): readonly number[] {
  if (process.platform !== 'linux') return [];
  const marker = `${nodeMarker}=${stateDir}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(marker);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Ends a process: SIGTERM, then SIGKILL after `graceMs`. Resolves when it has ended. */
export async function endProcess(target: LocalProcess, graceMs: number, clock: Clock): Promise<ProcessEnd> {
  target.signal('SIGTERM');
  const timer = new AbortController();
  const late = clock.sleep(graceMs, timer.signal).then(
    () => target.signal('SIGKILL'),
    () => false,
  );
  const end = await target.ended;
  timer.abort();
  await late;
  return end;
}
