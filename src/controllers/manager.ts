import type { Clock } from '../base/clock.ts';
import { limits } from '../base/limits.ts';
import { type Logger, silentLogger } from '../base/log.ts';
import { type Metrics, silentMetrics } from '../base/metrics.ts';
import type { Random } from '../base/random.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Selection } from '../kube/list.ts';
import type { KubeObject } from '../kube/object.ts';
import { TurnBreather } from './breather.ts';
import { Controller, type ControllerOptions } from './controller.ts';
import { Informer, type InformerOptions } from './informer.ts';
import { LeaderElector, type LeaseOptions } from './leader.ts';

export interface ManagerOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Logger;
  readonly metrics?: Metrics;
  /** Absent: no election, this process leads always. */
  readonly lease?: LeaseOptions;
  /** How long running reconciles may take to end after a stop. */
  readonly shutdownMs?: number;
}

/** Work that is not a reconciler: a timer, a server. Ends when `signal` aborts. */
export interface Task {
  readonly name: string;
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Only while leading; else from start to stop. */
  readonly whileLeading: boolean;
}

export interface ManagerStatus {
  /** All caches are filled. A standby is ready too. */
  readonly ready: boolean;
  readonly leading: boolean;
  /** Caches that are not filled yet, and why. */
  readonly unsynced: readonly { readonly kind: string; readonly reason: string }[];
  /** Keys that wait, per controller. */
  readonly queued: Readonly<Record<string, number>>;
}

/** Runs caches, controllers and tasks as one program: start, leader election, graceful stop. */
export class Manager {
  /** For reconcilers: its writes pass only while we lead. */
  readonly client: KubeClient;
  /** Shared by all that works for long on this thread. */
  readonly breather: TurnBreather;
  readonly #options: ManagerOptions;
  readonly #log: Logger;
  readonly #elector: LeaderElector | undefined;
  readonly #informers: Informer[] = [];
  readonly #controllers: Controller[] = [];
  readonly #tasks: Task[] = [];
  #started = false;
  #leading = false;

  constructor(options: ManagerOptions) {
    this.#options = options;
    this.breather = new TurnBreather(options.clock);
    this.#log = options.log ?? silentLogger;
    this.#elector =
      options.lease === undefined ? undefined : new LeaderElector(options.client, options.lease, this.#log);
    this.client = this.#elector === undefined ? options.client : options.client.with({ gate: this.#elector });
  }

  /** Adds a cache; before `run`. One cache per kind and selection is shared by all controllers. */
  informer<T extends KubeObject>(
    selection: Omit<Selection, 'namespace'>,
    options: InformerOptions<T> = {},
  ): Informer<T> {
    this.#assertNotStarted();
    const informer = new Informer<T>(this.#options.client, selection, { log: this.#log, ...options });
    this.#informers.push(informer as unknown as Informer);
    return informer;
  }

  /** Adds a controller; before `run`. */
  controller(options: ControllerOptions): Controller {
    this.#assertNotStarted();
    const { clock, random, metrics = silentMetrics } = this.#options;
    const controller = new Controller(options, {
      clock,
      random,
      metrics,
      log: this.#log,
      breather: this.breather,
    });
    this.#controllers.push(controller);
    return controller;
  }

  /** Adds a task; before `run`. */
  task(task: Task): void {
    this.#assertNotStarted();
    this.#tasks.push(task);
  }

  status(): ManagerStatus {
    const unsynced = this.#informers
      .filter((informer) => !informer.synced)
      .map((informer) => ({
        kind: informer.selection.kind,
        reason: informer.lastError instanceof Error ? informer.lastError.message : 'reading the first list',
      }));
    return {
      ready: this.#started && unsynced.length === 0,
      leading: this.#leading && (this.#elector?.leading ?? true),
      unsynced,
      queued: Object.fromEntries(this.#controllers.map(({ name, queue }) => [name, queue.depth])),
    };
  }

  /**
   * Runs until `signal` aborts, then ends gracefully: takes no new keys, lets running reconciles end for `shutdownMs`,
   * gives the Lease back, stops the caches. Rejects when a cache, task or the election fails for good.
   */
  async run(signal: AbortSignal): Promise<void> {
    this.#assertNotStarted();
    this.#started = true;
    /** Aborts when the program shall end: by `signal` or by a failure. */
    const stop = new AbortController();
    /** Aborts last: caches serve the reconciles that still run. */
    const end = new AbortController();
    const onSignal = () => stop.abort(signal.reason);
    if (signal.aborted) onSignal();
    else signal.addEventListener('abort', onSignal, { once: true });
    let failure: { readonly error: unknown } | undefined;
    const guard = async (name: string, work: Promise<void>) => {
      try {
        await work;
        if (!stop.signal.aborted) throw new Error(`BUG: ${name} ended by itself`);
      } catch (error) {
        if (stop.signal.aborted) return;
        failure ??= { error };
        stop.abort(error);
      }
    };
    const background = [
      ...this.#informers.map((each) => guard(`cache of ${each.selection.kind}`, each.run(end.signal))),
      ...this.#tasks
        .filter((task) => !task.whileLeading)
        .map((task) => guard(task.name, task.run(stop.signal))),
    ];
    try {
      await guard('controllers', this.#runControllers(stop.signal));
    } finally {
      signal.removeEventListener('abort', onSignal);
      stop.abort();
      end.abort();
      await Promise.all(background);
    }
    if (failure !== undefined) throw failure.error;
  }

  async #runControllers(stop: AbortSignal): Promise<void> {
    await untilAborted(stop, Promise.all(this.#informers.map((informer) => informer.whenSynced())));
    if (stop.aborted) return;
    if (this.#elector === undefined) await this.#term(stop, new AbortController().signal);
    else await this.#elector.run(stop, (lost) => this.#term(stop, lost));
  }

  /** One time of leading: ends when `stop` or `lost` aborts. */
  async #term(stop: AbortSignal, lost: AbortSignal): Promise<void> {
    const stopTaking = new AbortController();
    const kill = new AbortController();
    const onLost = () => {
      stopTaking.abort(lost.reason);
      kill.abort(lost.reason);
    };
    const drained = new AbortController();
    const onStop = () => {
      stopTaking.abort(stop.reason);
      this.#options.clock.sleep(this.#options.shutdownMs ?? limits.shutdownMs, drained.signal).then(
        () => kill.abort(new Error('the program stops')),
        () => {},
      );
    };
    listen(stop, onStop);
    listen(lost, onLost);
    this.#setLeading(true);
    try {
      await runAll(stopTaking, [
        ...this.#controllers.map((controller) => controller.run(stopTaking.signal, kill.signal)),
        ...this.#tasks.filter((task) => task.whileLeading).map((task) => task.run(stopTaking.signal)),
      ]);
      await untilAborted(stopTaking.signal, new Promise(() => {}));
    } finally {
      this.#setLeading(false);
      drained.abort();
      stop.removeEventListener('abort', onStop);
      lost.removeEventListener('abort', onLost);
    }
  }

  #setLeading(leading: boolean): void {
    this.#leading = leading;
    const metrics = this.#options.metrics ?? silentMetrics;
    metrics.gauge('promfleet_leading', '1 while this process leads.').set(leading ? 1 : 0);
  }

  #assertNotStarted(): void {
    if (this.#started) throw new Error('BUG: the manager runs already');
  }
}

/** All of them; the first failure stops the others, and is raised when all have ended. */
async function runAll(stop: AbortController, works: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(
    works.map((work) =>
      work.catch((error: unknown) => {
        if (stop.signal.aborted) return;
        stop.abort(error);
        throw error;
      }),
    ),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

function listen(signal: AbortSignal, listener: () => void): void {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
}

/** Resolves when `work` does or `signal` aborts; rejects with `work`. */
async function untilAborted(signal: AbortSignal, work: Promise<unknown>): Promise<void> {
  if (signal.aborted) return;
  let onAbort: () => void = () => {};
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
