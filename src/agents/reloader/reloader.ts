import { backoffDelayMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { CodedError, describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Logger } from '../../base/log.ts';
import type { Random } from '../../base/random.ts';
import type { Report } from '../../render/bundle/report.ts';
import { decodeState, encodeState } from './agent-state.ts';
import type { ConfigFolder } from './config-folder.ts';
import { type Quarantine, SlotContents } from './desired.ts';
import { type LoadPorts, loadChange, type Refusal, reloadAsIs } from './load.ts';
import type { BundleSource, ManagedServer } from './ports.ts';
import { ReportState } from './report-state.ts';
import type { ReportWriter } from './report-writer.ts';
import { rescueFiles } from './rescue.ts';
import { RuleHealth } from './rule-health.ts';
import type { ServerKind } from './server-kind.ts';
import { ServerWatch } from './server-watch.ts';
import { Signal } from './signal.ts';
import { type StagedBundle, stageBundle } from './stage.ts';

export interface ReloaderPorts {
  readonly source: BundleSource;
  readonly folder: ConfigFolder;
  readonly server: ManagedServer;
  readonly reports: Pick<ReportWriter, 'set'>;
  readonly kind: ServerKind;
  readonly agentVersion: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Counts for the metrics endpoint. */
export interface ReloaderCounts {
  loads: number;
  failures: number;
  lastLoadSeconds: number;
  /** Part of `lastLoadSeconds` that the server's own reloads took. */
  lastReloadSeconds: number;
}

/**
 * Keeps a server running what its index names. One synchronisation runs at a time; indexes that arrive meanwhile
 * coalesce into the next one.
 */
export class Reloader {
  readonly counts: ReloaderCounts = { loads: 0, failures: 0, lastLoadSeconds: 0, lastReloadSeconds: 0 };
  readonly #ports: ReloaderPorts;
  readonly #watch: ServerWatch;
  readonly #changed = new Signal();
  readonly #health = new RuleHealth();
  readonly #contents = new SlotContents();
  readonly #silent = new Set<string>();
  #index: string | undefined;
  #serverVersion = '';
  #quarantined: ReadonlyMap<string, Quarantine> = new Map();
  /** The server may run something else than what lies on disk. */
  #diverged = true;
  #loading = false;
  readonly #state: ReportState;

  constructor(ports: ReloaderPorts) {
    this.#ports = ports;
    this.#watch = new ServerWatch(ports.server, ports.clock);
    this.#state = new ReportState(ports.reports, ports.agentVersion, ports.kind.divisible);
  }

  /** The newest index as the watch brings it; undefined when the object is gone, which changes nothing. */
  indexChanged(text: string | undefined): void {
    if (text === undefined || text === this.#index) return;
    this.#index = text;
    this.#changed.raise();
  }

  get report(): Report {
    return this.#state.report;
  }

  /** Runs until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#open();
    let failures = 0;
    while (!signal.aborted) {
      const text = this.#index;
      try {
        await this.#awaitServer(signal);
        if (text !== undefined) await this.#synchronise(text, signal);
        failures = 0;
        if (this.#index === text) await this.#changed.wait(signal);
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        await this.#failed(error, failures, signal);
      }
    }
  }

  /** Looks at the server's health from time to time, until aborted. */
  async runHealth(signal: AbortSignal): Promise<void> {
    const { clock, log, folder, kind, server } = this.#ports;
    while (!signal.aborted) {
      try {
        await clock.sleep(limits.ruleHealthPeriodMs, signal);
        if ((await server.state(signal)) !== 'ready') continue;
        const serverVersion = await this.#noticeVersion(signal);
        const rules = [...folder.hashes.keys()].filter(kind.divisible);
        for (let from = 0; from < rules.length; from += limits.ruleHealthFilesPerRequest) {
          // A server that reloads answers when it has done so, and what it is asked then only delays it.
          while (this.#loading) await clock.sleep(limits.ruleHealthPauseMs, signal);
          const paths = rules.slice(from, from + limits.ruleHealthFilesPerRequest);
          this.#health.observe(new Set(paths), await server.ruleFaults(paths, signal), clock.monotonicMs());
          // Many files: spread the work instead of asking for all of them at once.
          if (from + paths.length < rules.length) await clock.sleep(limits.ruleHealthPauseMs, signal);
        }
        this.#health.keepOnly(folder.hashes);
        this.#state.publish({ serverVersion, ruleHealth: this.#health.faults });
      } catch (error) {
        if (!signal.aborted) log.debug({ error: describeError(error) }, 'rule health is not known');
      }
    }
  }

  async #open(): Promise<void> {
    const { folder, log } = this.#ports;
    const found = await folder.open();
    // Files that were committed are what the server runs or will read when it starts.
    this.#diverged = found === 'undone';
    try {
      const state = await folder.readState();
      if (state !== undefined) this.#quarantined = decodeState(state);
    } catch (error) {
      log.warn({ error: describeError(error) }, 'what was refused before is not known');
    }
  }

  async #synchronise(text: string, signal: AbortSignal): Promise<void> {
    const { source, folder, clock, log } = this.#ports;
    const startedMs = clock.monotonicMs();
    const memory = { contents: this.#contents, silent: this.#silent };
    const bundle = await stageBundle(text, this.#quarantined, { source, folder, signal }, memory);
    this.#forgetSilent(bundle);
    if (this.#diverged) {
      await reloadAsIs(this.#loadPorts(signal));
      await this.#settled();
    }
    let refused: readonly Refusal[] = [];
    if (bundle.changes.length > 0) {
      this.#diverged = true;
      this.counts.lastReloadSeconds = 0;
      refused = await this.#load(bundle.changes, signal);
      await this.#settled();
      this.counts.loads++;
      this.counts.lastLoadSeconds = (clock.monotonicMs() - startedMs) / 1000;
      const numbers = { changed: bundle.changes.length, refused: refused.length };
      const { lastLoadSeconds: seconds, lastReloadSeconds: reloadSeconds } = this.counts;
      log.info({ ...numbers, seconds, reloadSeconds }, 'loaded');
    }
    await folder.unstageAll();
    await this.#keepQuarantine(bundle, refused);
    this.#health.keepOnly(folder.hashes);
    const serverVersion = await this.#noticeVersion(signal);
    const ruleHealth = this.#health.faults;
    this.#state.publishLoaded(text, bundle, this.#contents, this.#quarantined, { serverVersion, ruleHealth });
  }

  async #load(changes: StagedBundle['changes'], signal: AbortSignal): Promise<readonly Refusal[]> {
    this.#loading = true;
    try {
      return (await loadChange(changes, this.#ports.kind.divisible, this.#loadPorts(signal))).refused;
    } finally {
      this.#loading = false;
    }
  }

  #forgetSilent(bundle: StagedBundle): void {
    if (this.#silent.size === 0) return;
    const wanted = new Set<string>();
    bundle.desired.forEach((_path, hash) => {
      wanted.add(hash);
    });
    for (const hash of this.#silent) if (!wanted.has(hash)) this.#silent.delete(hash);
  }

  async #settled(): Promise<void> {
    await this.#ports.folder.settled();
    this.#diverged = false;
  }

  #loadPorts(signal: AbortSignal): LoadPorts {
    return {
      folder: this.#ports.folder,
      server: this.#ports.server,
      shows: (hash) => !this.#silent.has(hash),
      clock: this.#ports.clock,
      reloaded: (seconds) => {
        this.counts.lastReloadSeconds += seconds;
      },
      awaitReady: () => this.#watch.readyAgain(signal),
      signal,
    };
  }

  async #keepQuarantine(bundle: StagedBundle, refused: readonly Refusal[]): Promise<void> {
    const next = new Map(bundle.quarantined);
    for (const { path, hash, error } of refused) {
      this.#ports.log.warn({ path, error }, 'the server refuses this file; its last good content stays');
      if (hash !== undefined) next.set(path, { hash, error });
    }
    const before = encodeState(this.#quarantined);
    this.#quarantined = next;
    const state = encodeState(next);
    if (state !== before) await this.#ports.folder.writeState(state);
  }

  /** A server of another version may take what the one before refused. */
  async #noticeVersion(signal: AbortSignal): Promise<string> {
    const before = this.#serverVersion;
    const version = await this.#ports.server.version(signal);
    this.#serverVersion = version;
    if (before !== '' && before !== version && this.#quarantined.size > 0) {
      this.#ports.log.info({ version }, 'another version of the server: refused files are tried again');
      this.#quarantined = new Map();
      this.#changed.raise();
    }
    return version;
  }

  async #awaitServer(signal: AbortSignal): Promise<void> {
    try {
      await this.#watch.ready(
        { downMs: limits.reloaderStartMs, neverUpMs: limits.reloaderFirstStartMs },
        signal,
      );
    } catch (error) {
      if (signal.aborted || !(error instanceof CodedError)) throw error;
      await this.#rescue(signal);
      throw error;
    }
  }

  async #rescue(signal: AbortSignal): Promise<void> {
    const { folder, kind, log, source } = this.#ports;
    const memory = { contents: this.#contents, silent: this.#silent };
    const newest =
      this.#index === undefined
        ? undefined
        : await stageBundle(this.#index, this.#quarantined, { source, folder, signal }, memory).catch(
            () => undefined,
          );
    const files = await rescueFiles(folder, kind, newest);
    if (files > 0)
      log.warn({ files }, 'the server does not start; its rule files are set aside until it does');
    // What was set aside must be staged anew.
    this.#contents.clear();
  }

  async #failed(error: unknown, failures: number, signal: AbortSignal): Promise<void> {
    const { clock, log, random, source } = this.#ports;
    this.counts.failures++;
    const stale = error instanceof CodedError && error.code === 'BundleStale';
    // A slot newer than its index is normal for a moment: the operator writes slots first.
    const patient = stale && failures < 5;
    log[patient ? 'debug' : 'warn']({ error: describeError(error) }, 'not loaded, trying again');
    if (!patient) this.#state.publish({ error: describeError(error) });
    const delayMs = backoffDelayMs(failures, { firstDelayMs: stale ? 20 : 200, maxDelayMs: 10_000 }, random);
    await clock.sleep(delayMs, signal).catch(() => {});
    if (!stale || signal.aborted) return;
    await source.readIndex(signal).then(
      (text) => this.indexChanged(text),
      () => {},
    );
  }
}
