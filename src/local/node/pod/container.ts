import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { limits } from '../../../base/limits.ts';
import { type ContainerFacts, isSidecar, neverRun } from '../plan/pod.ts';
import type { Container, ContainerState, ContainerStatus, Probe } from '../types.ts';
import { readJsonFile, writeFileAtomically } from './files.ts';
import { probeLoop } from './probe-loop.ts';
import {
  adoptProcess,
  endProcess,
  type LocalProcess,
  type ProcessEnd,
  type ProcessSpec,
  startProcess,
} from './process.ts';

/** A container's memory on disk: enough to find its process and its history after the node was killed. */
interface ContainerRecord {
  readonly restartCount: number;
  readonly run: { readonly pid: number; readonly startId: string; readonly startedAt: string } | null;
  readonly last: Terminated | null;
}

type Terminated = NonNullable<ContainerState['terminated']>;

export interface ContainerHooks {
  readonly clock: Clock;
  /** Facts or status changed: look again. */
  changed(): void;
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
}

export interface ContainerCommand extends Omit<ProcessSpec, 'logFile'> {
  /** Runs one probe against the started container. */
  probe(probe: Probe): Promise<string | null>;
}

/** One container of one pod: its process, its probes, its restarts. Decides nothing: `planPod` does. */
export class ContainerRunner {
  readonly spec: Container;
  readonly #dir: string;
  readonly #hooks: ContainerHooks;
  #process: LocalProcess | null = null;
  #startedAt = '';
  #startedMs = 0;
  #restartCount = 0;
  #everStarted = false;
  #last: Terminated | null = null;
  /** In this sandbox: an init container that ended before a restart of the machine must run again. */
  #endedHere = false;
  #failures = 0;
  #notBeforeMs = 0;
  #stopping: Promise<void> | null = null;
  #starting = false;
  #waiting: { reason: string; message?: string } = { reason: 'PodInitializing' };
  #probes = new AbortController();
  #started = false;
  #ready = false;

  constructor(spec: Container, dir: string, hooks: ContainerHooks) {
    this.spec = spec;
    this.#dir = dir;
    this.#hooks = hooks;
  }

  facts(): ContainerFacts {
    return {
      ...neverRun,
      state:
        this.#process !== null || this.#starting ? 'running' : this.#endedHere ? 'terminated' : 'waiting',
      started: this.#started,
      ready: this.#ready,
      exitCode: this.#last?.exitCode ?? null,
      notBeforeMs: this.#notBeforeMs,
      stopping: this.#stopping !== null,
    };
  }

  status(): ContainerStatus {
    const { name, image = '' } = this.spec;
    const base = { name, image, imageID: image, restartCount: this.#restartCount };
    const lastState: ContainerState = this.#last === null ? {} : { terminated: this.#last };
    if (this.#process !== null) {
      return {
        ...base,
        containerID: `process://${this.#process.pid}`,
        ready: this.#ready,
        started: this.#started,
        state: { running: { startedAt: this.#startedAt } },
        lastState,
      };
    }
    if (this.#endedHere && this.#last !== null && this.#notBeforeMs === 0) {
      const done = this.#last.exitCode === 0 && !isSidecar(this.spec);
      return { ...base, ready: done, started: false, state: { terminated: this.#last }, lastState: {} };
    }
    return { ...base, ready: false, started: false, state: { waiting: this.#waiting }, lastState };
  }

  /** Continues after a restart of the node. True when the process still runs. */
  async restore(): Promise<boolean> {
    const record = await readJsonFile<ContainerRecord>(this.#recordFile());
    if (record === null) return false;
    this.#restartCount = record.restartCount;
    this.#last = record.last;
    this.#everStarted = true;
    if (record.run === null) return false;
    const { pid, startId, startedAt } = record.run;
    const found = await adoptProcess(pid, startId, this.#hooks.clock);
    if (found === null) {
      const finishedAt = this.#now();
      this.#last = { exitCode: 255, reason: 'Unknown', startedAt, finishedAt };
      await this.#save();
      return false;
    }
    this.#startedAt = startedAt;
    this.#startedMs = this.#hooks.clock.monotonicMs();
    this.#process = found;
    void this.#watchEnd(found);
    return true;
  }

  /** After `restore` with other containers alive: an init container that ended well needs no second run. */
  keepEnded(): void {
    if (this.#process === null && this.#last !== null) this.#endedHere = true;
  }

  wait(reason: string, message: string): void {
    if (this.#waiting.reason === reason && this.#waiting.message === message) return;
    this.#waiting = { reason, message };
    this.#hooks.event('Warning', reason === 'ErrImageNeverPull' ? 'Failed' : reason, message);
    this.#hooks.changed();
  }

  /** Tries again after `delayMs`, for starts that failed before there was a process. */
  retryIn(delayMs: number): void {
    this.#notBeforeMs = this.#hooks.clock.nowMs() + delayMs;
  }

  async start(command: ContainerCommand): Promise<void> {
    this.#starting = true;
    if (this.#everStarted) this.#restartCount++;
    this.#everStarted = true;
    this.#stopping = null;
    try {
      const process = await startProcess({ ...command, logFile: this.logFile() });
      this.#startedAt = this.#now();
      this.#startedMs = this.#hooks.clock.monotonicMs();
      this.#process = process;
      this.#notBeforeMs = 0;
      await this.#save();
      this.#hooks.event('Normal', 'Started', `Started container ${this.spec.name} (process ${process.pid})`);
      this.probe(command.probe);
      void this.#watchEnd(process);
    } catch (error) {
      this.#last = {
        exitCode: 128,
        reason: 'StartError',
        message: error instanceof Error ? error.message : String(error),
        startedAt: this.#now(),
        finishedAt: this.#now(),
      };
      this.#backOff();
    } finally {
      this.#starting = false;
      this.#hooks.changed();
    }
  }

  /** Begins probing; called for adopted processes too. */
  probe(check: (probe: Probe) => Promise<string | null>): void {
    this.#probes.abort();
    const probes = new AbortController();
    this.#probes = probes;
    const { spec } = this;
    void probeLoop(
      spec,
      check,
      {
        changed: ({ started, ready }) => {
          if (probes.signal.aborted) return;
          this.#started = started;
          this.#ready = ready;
          this.#hooks.changed();
        },
        failed: (kind, message) =>
          this.#hooks.event('Warning', 'Unhealthy', `${kind} probe failed: ${message}`),
        unhealthy: (kind) => {
          this.#hooks.event(
            'Normal',
            'Killing',
            `Container ${spec.name} failed ${kind.toLowerCase()} probe, will be restarted`,
          );
          void this.stop(limits.nodeStopGraceMs);
        },
      },
      this.#hooks.clock,
      probes.signal,
    );
  }

  /** SIGTERM, then SIGKILL after `graceMs`. Resolves when the process has ended. */
  stop(graceMs: number): Promise<void> {
    const process = this.#process;
    if (process === null) return Promise.resolve();
    if (this.#stopping !== null && graceMs > 0) return this.#stopping;
    if (graceMs <= 0) process.signal('SIGKILL');
    this.#stopping = endProcess(process, graceMs, this.#hooks.clock).then(() => undefined);
    return this.#stopping;
  }

  logFile(): string {
    return join(this.#dir, `${this.#restartCount}.log`);
  }

  async #watchEnd(process: LocalProcess): Promise<void> {
    const end = await process.ended;
    this.#probes.abort();
    this.#process = null;
    this.#started = false;
    this.#ready = false;
    const asked = this.#stopping !== null;
    this.#last = this.#terminated(end);
    if (this.#hooks.clock.monotonicMs() - this.#startedMs >= limits.containerBackoffResetMs)
      this.#failures = 0;
    if (end.exitCode === 0 || asked) {
      this.#endedHere = true;
      this.#notBeforeMs = 0;
      if (!asked || isSidecar(this.spec)) this.#waiting = { reason: 'CrashLoopBackOff' };
    } else this.#backOff();
    await this.#save().catch(() => undefined);
    this.#hooks.changed();
  }

  /** The first restart comes at once, as on a cluster's node; then the waits grow. */
  #backOff(): void {
    this.#endedHere = true;
    this.#failures++;
    if (this.#failures <= 1) return;
    const delayMs = Math.min(
      limits.containerBackoffMaxMs,
      limits.containerBackoffFirstMs * 2 ** Math.min(30, this.#failures - 2),
    );
    this.#notBeforeMs = this.#hooks.clock.nowMs() + delayMs;
    const message = `back-off ${Math.ceil(delayMs / 1000)}s restarting failed container=${this.spec.name}`;
    this.#waiting = { reason: 'CrashLoopBackOff', message };
    this.#hooks.event('Warning', 'BackOff', `Back-off restarting failed container ${this.spec.name}`);
  }

  #terminated(end: ProcessEnd): Terminated {
    return {
      exitCode: end.exitCode,
      ...(end.signal === null ? {} : { signal: end.signal }),
      reason: end.exitCode === 0 ? 'Completed' : 'Error',
      startedAt: this.#startedAt,
      finishedAt: this.#now(),
    };
  }

  #now(): string {
    return `${new Date(this.#hooks.clock.nowMs()).toISOString().slice(0, 19)}Z`;
  }

  #recordFile(): string {
    return join(this.#dir, 'container.json');
  }

  async #save(): Promise<void> {
    const process = this.#process;
    const record: ContainerRecord = {
      restartCount: this.#restartCount,
      run:
        process === null ? null : { pid: process.pid, startId: process.startId, startedAt: this.#startedAt },
      last: this.#last,
    };
    await writeFileAtomically(this.#recordFile(), JSON.stringify(record));
  }
}
