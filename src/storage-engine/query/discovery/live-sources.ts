import type { Clock } from '../../../base/clock.ts';
import { describeError } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import type { Logger } from '../../../base/log.ts';
import type { SeriesHolder } from '../source.ts';
import { AbsentHolder } from './absent-holder.ts';

/** A live server as discovery needs it: who it is tells whether another one took its place. */
export interface DiscoveredHolder extends SeriesHolder {
  /** Its external labels as one text, where they are known and not empty. */
  readonly identity: string | undefined;
}

/** One way of finding servers. */
export interface Discovery {
  /** For messages: without credentials. */
  readonly name: string;
  /** URLs of the servers that are there now. */
  find(): Promise<readonly string[]>;
  /** Of one that is fixed: it is always expected and need not be asked again. */
  readonly isFixed: boolean;
}

interface Found {
  readonly holder: DiscoveredHolder;
  seenMs: number;
  /** Discoveries that found it the last time. */
  by: string;
  isThere: boolean;
}

/**
 * The live servers that discoveries find. One that was there in the last `sourceExpectedMs` and is gone is expected: it counts
 * as failed, by name, unless another with the same external labels has taken its place, as a pod does that
 * comes back with a new address. A discovery that fails keeps what it found last, and says so.
 */
export class LiveSources {
  readonly #discoveries: readonly Discovery[];
  readonly #open: (url: string) => DiscoveredHolder;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #found = new Map<string, Found>();
  readonly #last = new Map<string, readonly string[]>();
  readonly #faults = new Map<string, string>();
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: {
    readonly discoveries: readonly Discovery[];
    readonly open: (url: string) => DiscoveredHolder;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#discoveries = options.discoveries;
    this.#open = options.open;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Looks once, then again and again until `close`, where there is anything to look for. */
  async start(): Promise<void> {
    await this.look();
    if (this.#discoveries.some(({ isFixed }) => !isFixed)) this.#running = this.#repeat();
  }

  /** What queries ask now: servers that are there, and a failure for each that should be. */
  get holders(): readonly SeriesHolder[] {
    const present = [...this.#found.values()].filter(({ isThere }) => isThere);
    const identities = new Set(present.map(({ holder }) => holder.identity));
    const missing = [...this.#found.values()].filter(
      ({ isThere, holder }) =>
        !isThere && (holder.identity === undefined || !identities.has(holder.identity)),
    );
    return [
      ...present.map(({ holder }) => holder),
      ...missing.map(({ holder, seenMs, by }) => {
        const seconds = Math.round((this.#clock.monotonicMs() - seenMs) / 1000);
        return new AbsentHolder(holder.name, `is gone from ${by} for ${seconds} s, and still expected`);
      }),
      ...[...this.#faults].map(([name, fault]) => new AbsentHolder(name, fault)),
    ];
  }

  async look(): Promise<void> {
    const now = this.#clock.monotonicMs();
    await Promise.all(this.#discoveries.map((discovery) => this.#ask(discovery)));
    for (const found of this.#found.values()) found.isThere = false;
    for (const [name, urls] of this.#last) {
      for (const url of urls.slice(0, limits.discoveredSources)) {
        const known = this.#found.get(url);
        if (known === undefined)
          this.#found.set(url, { holder: this.#open(url), seenMs: now, by: name, isThere: true });
        else Object.assign(known, { seenMs: now, by: name, isThere: true });
      }
    }
    for (const [url, { holder, seenMs, isThere }] of this.#found) {
      if (isThere || now - seenMs < limits.sourceExpectedMs) continue;
      this.#found.delete(url);
      this.#log.info({ source: holder.name }, 'a source that is gone is no longer expected');
      await holder.close();
    }
  }

  async close(): Promise<void> {
    this.#stop.abort('closed');
    await this.#running;
    await Promise.all([...this.#found.values()].map(({ holder }) => holder.close()));
  }

  async #ask(discovery: Discovery): Promise<void> {
    const { name, isFixed } = discovery;
    if (isFixed && this.#last.has(name)) return;
    try {
      const urls = await discovery.find();
      const before = this.#last.get(name);
      if (before !== undefined && before.join() !== urls.join())
        this.#log.info({ discovery: name, sources: urls.length }, 'sources changed');
      this.#last.set(name, urls);
      this.#faults.delete(name);
    } catch (error) {
      if (!this.#faults.has(name))
        this.#log.warn({ discovery: name, err: describeError(error) }, 'a discovery of sources failed');
      const kept = this.#last.get(name)?.length ?? 0;
      this.#faults.set(
        name,
        `cannot be asked for sources (${describeError(error)}); ${kept} found before are used`,
      );
    }
  }

  async #repeat(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#clock.sleep(limits.discoveryPeriodMs, signal).catch(() => undefined);
      if (!signal.aborted) await this.look();
    }
  }
}
