import type { Clock } from '../../../base/clock.ts';
import { CodedError, describeError } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import type { Logger } from '../../../base/log.ts';
import type { ServerFacts } from './server-facts.ts';

/**
 * Stopping: samples still come in. Cutting: what is in memory is written as a block. Shipping: all blocks go to the bucket.
 * Drained: everything that the server ever took is in the bucket.
 */
export type DrainState = 'Stopping' | 'Cutting' | 'Shipping' | 'Drained';

export interface DrainProgress {
  readonly state: DrainState;
  /** What it waits for. */
  readonly detail: string;
}

export interface DrainPorts {
  facts(signal: AbortSignal): Promise<ServerFacts>;
  /** Cuts what is in memory into a block; undefined where there is nothing. */
  cut(facts: ServerFacts, signal: AbortSignal): Promise<string | undefined>;
  /** Stores the cut block; verified when it returns. */
  sendCut(ulid: string, facts: ServerFacts, signal: AbortSignal): Promise<void>;
  /** Ships every block of the data folder; true when none is left. */
  shipAll(signal: AbortSignal): Promise<boolean>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Empties a server that is to go, step after step, until told to end. Every step can be repeated: after a kill it begins
 * again, and a block that was stored twice is merged by sample. Nothing is `Drained` unless no sample came in from before the
 * cut until after everything was stored; should one come later, it begins again.
 */
export class Drainer {
  private readonly ports: DrainPorts;
  private readonly report: (progress: DrainProgress) => void;

  constructor(ports: DrainPorts, report: (progress: DrainProgress) => void) {
    this.ports = ports;
    this.report = report;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.ports;
    while (!signal.aborted) {
      try {
        await this.once(signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ error: describeError(error) }, 'draining is tried again');
        const detail = error instanceof CodedError ? error.message : describeError(error);
        this.report({ state: 'Stopping', detail });
      }
      await clock.sleep(limits.drainPollMs, signal).catch(() => {});
    }
  }

  /** One way through all steps; returns when a sample came in after all. */
  private async once(signal: AbortSignal): Promise<void> {
    const { clock } = this.ports;
    const still = await this.stopped(signal);
    this.report({ state: 'Cutting', detail: 'the samples in memory become a block' });
    const ulid = await this.ports.cut(still, signal);
    this.report({ state: 'Shipping', detail: 'all blocks go to the bucket' });
    if (ulid !== undefined) await this.ports.sendCut(ulid, still, signal);
    while (!(await this.ports.shipAll(signal))) {
      this.report({ state: 'Shipping', detail: 'blocks wait; the report says which and why' });
      await clock.sleep(limits.drainPollMs, signal);
    }
    while (same(still, await this.ports.facts(signal))) {
      this.report({ state: 'Drained', detail: '' });
      await clock.sleep(limits.drainPollMs, signal);
    }
    this.report({ state: 'Stopping', detail: 'samples came in after the last one was stored' });
  }

  /** Waits until nothing was taken for so long that a scrape's stale markers, two intervals late, are in. */
  private async stopped(signal: AbortSignal): Promise<ServerFacts> {
    const { clock } = this.ports;
    let facts = await this.ports.facts(signal);
    let sinceMs = clock.monotonicMs();
    for (;;) {
      const quietMs = Math.max(limits.drainQuietMs, 2.5 * facts.scrapeIntervalMs);
      const forMs = clock.monotonicMs() - sinceMs;
      if (facts.quiet && forMs >= quietMs) return facts;
      this.report({
        state: 'Stopping',
        detail: facts.quiet ? 'it must take no sample for a while' : 'scraping and rules still run',
      });
      await clock.sleep(limits.drainPollMs, signal);
      const next = await this.ports.facts(signal);
      if (!same(facts, next) || !next.quiet) sinceMs = clock.monotonicMs();
      facts = next;
    }
  }
}

function same(a: ServerFacts, b: ServerFacts): boolean {
  return a.appended === b.appended && a.startedSeconds === b.startedSeconds && a.quiet === b.quiet;
}
