import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { limits } from '../../../base/limits.ts';
import type { Logger } from '../../../base/log.ts';
import { type Facts, planPod } from '../plan/pod.ts';
import { podStatus } from '../plan/pod-status.ts';
import { portMapOf } from '../plan/port-map.ts';
import { sameValue } from '../plan/revision.ts';
import type { Container, Pod, PodStatus } from '../types.ts';
import { type ContainerCommand, ContainerRunner } from './container.ts';
import { containerEnvironment, type DataSource, MissingReference, type NodeFacts } from './environment.ts';
import { readJsonFile, writeFileAtomically } from './files.ts';
import { runProbe } from './probe.ts';
import { listenArguments, programOf, runnableImages } from './programs.ts';
import { expandVariables, mappedNumber, type PodWorld, translate } from './translate.ts';
import { mountsOf, prepareVolumes, type ServiceAccountSource, type VolumeFolders } from './volumes.ts';

/** What a pod worker needs from the node. */
export interface PodHost {
  readonly clock: Clock;
  readonly log: Logger;
  readonly data: (namespace: string) => DataSource;
  readonly account: ServiceAccountSource;
  readonly nodeName: string;
  readonly hostIP: string;
  folders(pod: Pod): VolumeFolders;
  address(pod: Pod): string;
  /** Names of Services -> addresses. */
  resolve(host: string, port: number | null): { host: string; port: number | null } | null;
  /** Variables that every container gets. */
  baseEnvironment(pod: Pod): ReadonlyMap<string, string>;
  /** File and leading arguments of a program. Rejects when it cannot be had. */
  program(container: Container): Promise<{ file: string; args: readonly string[] }>;
  writeStatus(pod: Pod, status: PodStatus): Promise<void>;
  /** Everything of the pod has ended: the object may go. */
  finalise(pod: Pod): Promise<void>;
  event(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string): void;
}

interface PodRecord {
  readonly startTime: string;
  readonly initialized: boolean;
}

/** Runs one pod from its binding to its end. Level-based: each step looks at what is and does what is missing. */
export class PodWorker {
  #pod: Pod;
  readonly #host: PodHost;
  readonly #folders: VolumeFolders;
  readonly #containers = new Map<string, ContainerRunner>();
  #record: PodRecord;
  #stopGraceMs: number | null = null;
  #gone = false;
  #dirty = true;
  #wake: (() => void) | null = null;
  #written: PodStatus | null = null;
  #volumesAtMs = Number.NEGATIVE_INFINITY;
  #terminatingSinceMs: number | null = null;
  /** Resolves when nothing of the pod runs any more. */
  readonly done: Promise<void>;
  /** Resolves when the pod's state was reported for the first time, or the pod has ended. */
  readonly reported: Promise<void>;
  #firstReport: () => void = () => {};

  constructor(pod: Pod, host: PodHost) {
    this.#pod = pod;
    this.#host = host;
    this.#folders = host.folders(pod);
    this.#record = { startTime: this.#now(), initialized: false };
    for (const spec of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
      const dir = join(this.#folders.podDir, 'containers', spec.name);
      this.#containers.set(
        spec.name,
        new ContainerRunner(spec, dir, {
          clock: host.clock,
          changed: () => this.#touch(),
          event: (type, reason, message) => host.event(this.#pod, type, reason, message),
        }),
      );
    }
    const first = new Promise<void>((resolve) => {
      this.#firstReport = resolve;
    });
    this.done = this.#run();
    this.reported = Promise.race([first, this.done]);
  }

  update(pod: Pod): void {
    this.#pod = pod;
    this.#touch();
  }

  /** The object is gone: everything ends at once and its folder goes. */
  remove(): void {
    this.#gone = true;
    this.#stopGraceMs = 0;
    for (const container of this.#containers.values()) void container.stop(0);
    this.#touch();
  }

  /** The node stops: processes end, the pod and its data stay. */
  stop(graceMs: number): Promise<void> {
    this.#stopGraceMs ??= graceMs;
    this.#touch();
    return this.done;
  }

  /** ConfigMaps or Secrets of the namespace changed. */
  dataChanged(): void {
    this.#touch();
  }

  async #run(): Promise<void> {
    await this.#restore();
    for (;;) {
      this.#dirty = false;
      let next: { ended: boolean; wakeAtMs: number | null };
      try {
        next = await this.#step();
      } catch (error) {
        this.#host.log.warn(
          { pod: this.#pod.metadata.name, error: String(error) },
          'pod step failed, trying again',
        );
        next = { ended: false, wakeAtMs: this.#host.clock.nowMs() + limits.containerBackoffFirstMs };
      }
      if (next.ended) return;
      await this.#pause(next.wakeAtMs);
    }
  }

  async #restore(): Promise<void> {
    await mkdir(this.#folders.podDir, { recursive: true });
    const record = await readJsonFile<PodRecord>(this.#recordFile());
    const alive = await Promise.all([...this.#containers.values()].map((container) => container.restore()));
    if (record !== null) {
      const survived = alive.some(Boolean);
      // Nothing survived: a new sandbox, whose init containers run again.
      this.#record = { startTime: record.startTime, initialized: survived && record.initialized };
      if (survived) for (const container of this.#containers.values()) container.keepEnded();
    }
    await this.#saveRecord();
    for (const [i, container] of [...this.#containers.values()].entries()) {
      if (alive[i] === true) {
        this.#host.event(this.#pod, 'Normal', 'Adopted', `Container ${container.spec.name} still runs`);
        container.probe((probe) => this.#probe(container.spec, probe, null));
      }
    }
  }

  async #step(): Promise<{ ended: boolean; wakeAtMs: number | null }> {
    const { clock } = this.#host;
    const deleted = this.#pod.metadata.deletionTimestamp !== undefined;
    const terminating = deleted || this.#stopGraceMs !== null;
    if (terminating) this.#terminatingSinceMs ??= clock.monotonicMs();
    const facts: Facts = new Map([...this.#containers].map(([name, container]) => [name, container.facts()]));
    const nowMs = clock.nowMs();
    const plan = planPod(this.#pod, facts, { terminating, wasInitialized: this.#record.initialized, nowMs });
    if (plan.initialized !== this.#record.initialized) {
      this.#record = { ...this.#record, initialized: plan.initialized };
      await this.#saveRecord();
    }
    for (const name of plan.stop) {
      const graceMs = this.#graceMs();
      this.#host.event(this.#pod, 'Normal', 'Killing', `Stopping container ${name}`);
      void this.#containers.get(name)?.stop(graceMs);
    }
    let wakeAtMs = plan.wakeAtMs;
    if (!terminating && plan.finished === null) {
      const retryAtMs = await this.#startContainers(plan.start);
      wakeAtMs = earliest(wakeAtMs, retryAtMs);
      if (this.#hasLiveVolumes()) wakeAtMs = earliest(wakeAtMs, nowMs + limits.podVolumeRefreshMs * 12);
    }
    if (plan.stopped && terminating) {
      if (!this.#gone && !deleted) {
        await this.#report(plan).catch(() => undefined);
        return { ended: true, wakeAtMs: null };
      }
      if (!this.#gone) await this.#host.finalise(this.#pod);
      await rm(this.#folders.podDir, { recursive: true, force: true });
      await rm(this.#folders.memoryDir, { recursive: true, force: true });
      return { ended: true, wakeAtMs: null };
    }
    await this.#report(plan);
    return { ended: false, wakeAtMs };
  }

  /** Returns when to try again whatever could not be started. */
  async #startContainers(names: readonly string[]): Promise<number | null> {
    const { clock } = this.#host;
    const refresh = clock.monotonicMs() - this.#volumesAtMs >= limits.podVolumeRefreshMs;
    if (names.length === 0 && !refresh)
      return this.#hasLiveVolumes() ? clock.nowMs() + limits.podVolumeRefreshMs : null;
    const retryAtMs = clock.nowMs() + limits.containerBackoffFirstMs;
    let paths: ReadonlyMap<string, string>;
    try {
      paths = await this.#prepareVolumes();
      this.#volumesAtMs = clock.monotonicMs();
    } catch (error) {
      if (!(error instanceof MissingReference)) throw error;
      for (const name of names)
        this.#containers.get(name)?.wait('ContainerCreating', `MountVolume failed: ${error.message}`);
      return retryAtMs;
    }
    let failed = false;
    for (const name of names) {
      const container = this.#containers.get(name);
      if (container === undefined) continue;
      try {
        await container.start(await this.#command(container.spec, paths));
      } catch (error) {
        failed = true;
        const message = error instanceof Error ? error.message : String(error);
        const reason = error instanceof MissingReference ? 'CreateContainerConfigError' : 'ErrImageNeverPull';
        container.wait(reason, message);
        container.retryIn(limits.containerBackoffFirstMs * (reason === 'ErrImageNeverPull' ? 10 : 1));
      }
    }
    return failed ? retryAtMs : null;
  }

  #prepareVolumes(): Promise<ReadonlyMap<string, string>> {
    const data = this.#host.data(this.#pod.metadata.namespace ?? '');
    return prepareVolumes(this.#pod, this.#folders, data, this.#host.account, this.#facts());
  }

  async #command(spec: Container, paths: ReadonlyMap<string, string>): Promise<ContainerCommand> {
    const name = programOf(spec);
    if (name === null) {
      const wanted = spec.command?.[0] ?? spec.image ?? '';
      throw new Error(`"${wanted}" is not a program of this node; it runs: ${runnableImages.join(', ')}`);
    }
    const program = await this.#host.program(spec);
    const world = this.#world(mountsOf(this.#pod, spec, paths));
    const cwd = spec.workingDir === undefined ? this.#folders.podDir : translate(spec.workingDir, world);
    const variables = this.#variables(spec, world);
    const words = [...(spec.command ?? []).slice(1), ...(spec.args ?? [])];
    const args = words.map((word) => expandVariables(translate(word, world), variables));
    const listen = listenArguments(name, args, world.address, (port) => mappedNumber(world.ports, port));
    return {
      file: program.file,
      args: [...program.args, ...args, ...listen],
      env: Object.fromEntries(variables),
      cwd,
      probe: (probe) => this.#probe(spec, probe, paths),
    };
  }

  #variables(spec: Container, world: PodWorld): ReadonlyMap<string, string> {
    const data = this.#host.data(this.#pod.metadata.namespace ?? '');
    const base = new Map(this.#host.baseEnvironment(this.#pod));
    base.set('HOME', this.#folders.podDir);
    return containerEnvironment(this.#pod, spec, base, data, this.#facts(), world);
  }

  async #probe(
    spec: Container,
    probe: Parameters<typeof runProbe>[0],
    paths: ReadonlyMap<string, string> | null,
  ): Promise<string | null> {
    const address = this.#host.address(this.#pod);
    let exec: { file: string; args: readonly string[]; env: Record<string, string> } | null = null;
    if (probe.exec !== undefined) {
      const world = this.#world(mountsOf(this.#pod, spec, paths ?? (await this.#prepareVolumes())));
      const variables = this.#variables(spec, world);
      const [command = '', ...words] = probe.exec.command ?? [];
      const program = await this.#host.program({ name: spec.name, command: [command] });
      const args = words.map((word) => expandVariables(translate(word, world), variables));
      exec = { file: program.file, args: [...program.args, ...args], env: Object.fromEntries(variables) };
    }
    return await runProbe(probe, {
      container: spec,
      address,
      ports: portMapOf(this.#pod),
      exec: () => ({ ...(exec ?? { file: '', args: [], env: {} }), cwd: this.#folders.podDir }),
    });
  }

  #world(mounts: PodWorld['mounts']): PodWorld {
    return {
      address: this.#host.address(this.#pod),
      ports: portMapOf(this.#pod),
      mounts,
      resolve: (host, port) => this.#host.resolve(host, port),
    };
  }

  #facts(): NodeFacts {
    const { hostIP, nodeName } = this.#host;
    return { podIP: this.#host.address(this.#pod), hostIP, nodeName };
  }

  #hasLiveVolumes(): boolean {
    return (this.#pod.spec.volumes ?? []).some(
      (volume) => volume.configMap ?? volume.secret ?? volume.projected ?? volume.downwardAPI,
    );
  }

  /** What is left of the grace period that deletion or the node's stop allows. */
  #graceMs(): number {
    const asked =
      this.#stopGraceMs ??
      1000 *
        ((this.#pod.metadata as { deletionGracePeriodSeconds?: number }).deletionGracePeriodSeconds ??
          this.#pod.spec.terminationGracePeriodSeconds ??
          30);
    const spentMs =
      this.#host.clock.monotonicMs() - (this.#terminatingSinceMs ?? this.#host.clock.monotonicMs());
    return Math.max(this.#stopGraceMs === 0 ? 0 : 1, asked - spentMs);
  }

  async #report(plan: ReturnType<typeof planPod>): Promise<void> {
    const status = podStatus({
      pod: this.#written === null ? this.#pod : { ...this.#pod, status: this.#written },
      plan,
      containers: new Map([...this.#containers].map(([name, container]) => [name, container.status()])),
      podIP: this.#host.address(this.#pod),
      hostIP: this.#host.hostIP,
      startTime: this.#record.startTime,
      now: this.#now(),
    });
    if (this.#written !== null && sameValue(this.#written, status)) return;
    await this.#host.writeStatus(this.#pod, status);
    this.#written = status;
    this.#firstReport();
  }

  #touch(): void {
    this.#dirty = true;
    this.#wake?.();
  }

  async #pause(wakeAtMs: number | null): Promise<void> {
    if (this.#dirty) return;
    const timer = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const waits = [woken];
    if (wakeAtMs !== null) {
      waits.push(
        this.#host.clock.sleep(wakeAtMs - this.#host.clock.nowMs(), timer.signal).catch(() => undefined),
      );
    }
    await Promise.race(waits);
    timer.abort();
    this.#wake = null;
  }

  #now(): string {
    return `${new Date(this.#host.clock.nowMs()).toISOString().slice(0, 19)}Z`;
  }

  #recordFile(): string {
    return join(this.#folders.podDir, 'pod.json');
  }

  #saveRecord(): Promise<void> {
    return writeFileAtomically(this.#recordFile(), JSON.stringify(this.#record));
  }
}

function earliest(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}
