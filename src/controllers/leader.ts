import type { Clock } from '../base/clock.ts';
import { CodedError, describeError } from '../base/errors.ts';
import { type Logger, silentLogger } from '../base/log.ts';
import type { KubeClient } from '../kube/client.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../kube/errors.ts';
import type { KubeObject } from '../kube/object.ts';
import type { WriteGate } from '../kube/write-gate.ts';

export interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** Unique per process, e.g. pod name and a random part. */
  readonly identity: string;
  /** How long others wait after our last sign of life; whole seconds. */
  readonly leaseDurationMs?: number;
  /** How long we write after our last renewal: shorter, so that we have stopped before another may start. */
  readonly renewDeadlineMs?: number;
  readonly retryPeriodMs?: number;
}

interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/**
 * Leader election by a Lease, with the rules of client-go's leaderelection: a candidate takes over when it has seen the
 * record unchanged for the record's own duration, by its own monotonic clock; wall clocks are never compared. The leader
 * writes only within `renewDeadlineMs` after the start of its last successful renewal. A step of the wall clock ahead of
 * the monotonic one (a suspended machine looks like that) closes the gate until the next renewal has succeeded.
 */
export class LeaderElector implements WriteGate {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #options: Required<LeaseOptions>;
  /** The record as last seen, and when it was first seen so. */
  #seen: { readonly record: string; readonly sinceMs: number } | undefined;
  /** Our last renewal, by the start of its request; undefined while another leads. */
  #renewed: { readonly monotonicMs: number; readonly wallMs: number } | undefined;
  /** Our lease as the server answered, to renew it by one request. */
  #held: Lease | undefined;
  #holder = '';

  constructor(client: KubeClient, options: LeaseOptions, log: Logger = silentLogger) {
    // A queue of other requests must never delay a renewal.
    this.#client = client.separate();
    this.#clock = client.clock;
    this.#log = log.child({ lease: `${options.namespace}/${options.name}`, identity: options.identity });
    this.#options = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000, ...options };
    const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = this.#options;
    if (!(retryPeriodMs < renewDeadlineMs && renewDeadlineMs < leaseDurationMs && leaseDurationMs >= 1000)) {
      throw new Error('BUG: lease times must satisfy retryPeriodMs < renewDeadlineMs < leaseDurationMs');
    }
  }

  /** Whether writes pass now. */
  get leading(): boolean {
    return this.#writeRestMs() > 0;
  }

  /** Who holds the Lease, as last seen; empty when nobody does. */
  get holder(): string {
    return this.#holder;
  }

  admitMs(): number {
    const restMs = this.#writeRestMs();
    if (restMs > 0) return restMs;
    const { identity, namespace, name } = this.#options;
    throw new CodedError('NotLeading', `${identity} does not hold Lease ${namespace}/${name} now`);
  }

  /**
   * Waits for the Lease and runs `term` while it is held; `lost` aborts when it is lost, and then the next term is waited
   * for. The Lease is renewed until the term has ended by itself (it knows when to stop), then given back. Returns then,
   * or when `signal` aborts while another leads. Rejects with what `term` raises.
   */
  async run(signal: AbortSignal, term: (lost: AbortSignal) => Promise<void>): Promise<void> {
    while (await this.#acquire(signal)) {
      this.#log.info({}, 'leading');
      const lost = new AbortController();
      const ended = new AbortController();
      const running = term(lost.signal).finally(() => ended.abort());
      running.catch(() => {});
      const kept = await this.#renew(ended.signal);
      if (kept) await this.#giveBack();
      this.#renewed = undefined;
      this.#held = undefined;
      if (!kept) {
        this.#log.warn({ holder: this.#holder }, 'lost the Lease');
        lost.abort(new CodedError('NotLeading', 'the Lease was lost'));
      }
      await running;
      if (kept) return;
    }
  }

  /** True once the Lease is ours, false when `signal` aborted first. */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if ((await this.#attempt(signal)) === 'held') return true;
      const delayMs = this.#options.retryPeriodMs * (1 + 0.2 * this.#client.random.next());
      await this.#clock.sleep(delayMs, signal).catch(() => {});
    }
    return false;
  }

  /** True when the term ended, false when the Lease was lost. */
  async #renew(ended: AbortSignal): Promise<boolean> {
    for (;;) {
      const delayMs = Math.min(this.#options.retryPeriodMs, Math.max(0, this.#termRestMs()));
      await this.#clock.sleep(delayMs, ended).catch(() => {});
      if (ended.aborted) return true;
      if (this.#termRestMs() <= 0 || (await this.#attempt(undefined)) === 'other') return false;
    }
  }

  /** Takes or renews the Lease if that is allowed. `failed`: the server did not answer as hoped. */
  async #attempt(signal: AbortSignal | undefined): Promise<'held' | 'other' | 'failed'> {
    const started = { monotonicMs: this.#clock.monotonicMs(), wallMs: this.#clock.nowMs() };
    const timeoutMs =
      this.#renewed === undefined ? this.#options.renewDeadlineMs : Math.min(5_000, this.#termRestMs());
    const options = { timeoutMs, ...(signal === undefined ? {} : { signal }) };
    try {
      const lease = this.#held ?? (await this.#client.find<Lease>(this.#ref(), options));
      if (lease !== undefined && !this.#mayTake(lease)) return 'other';
      const wanted = this.#record(lease);
      this.#held = await (lease === undefined
        ? this.#client.create(wanted, options)
        : this.#client.update(wanted, options));
      this.#renewed = started;
      this.#holder = this.#options.identity;
      return 'held';
    } catch (error) {
      // Somebody wrote it meanwhile: read it again at the next attempt.
      this.#held = undefined;
      if (!isConflict(error) && !isAlreadyExists(error) && !isNotFound(error) && signal?.aborted !== true) {
        this.#log.warn({ reason: describeError(error) }, 'cannot read or renew the Lease');
      }
      return 'failed';
    }
  }

  #mayTake(lease: Lease): boolean {
    const spec = lease.spec ?? {};
    this.#holder = spec.holderIdentity ?? '';
    if (this.#holder === '' || this.#holder === this.#options.identity) return true;
    const record = JSON.stringify(spec);
    const nowMs = this.#clock.monotonicMs();
    if (this.#seen?.record !== record) this.#seen = { record, sinceMs: nowMs };
    const durationMs = (spec.leaseDurationSeconds ?? this.#options.leaseDurationMs / 1000) * 1000;
    return nowMs - this.#seen.sinceMs >= durationMs;
  }

  #record(lease: Lease | undefined): Lease {
    const { identity, leaseDurationMs } = this.#options;
    const now = microTime(this.#clock.nowMs());
    const before = lease?.spec ?? {};
    const isNew = before.holderIdentity !== identity;
    const { apiVersion, kind, name, namespace } = this.#ref();
    return {
      ...(lease ?? { apiVersion, kind, metadata: { name, namespace } }),
      spec: {
        ...before,
        holderIdentity: identity,
        leaseDurationSeconds: Math.floor(leaseDurationMs / 1000),
        acquireTime: isNew ? now : (before.acquireTime ?? now),
        renewTime: now,
        leaseTransitions: (before.leaseTransitions ?? 0) + (isNew && lease !== undefined ? 1 : 0),
      },
    };
  }

  /** Lets another candidate lead at once. Best effort: without it the Lease expires. */
  async #giveBack(): Promise<void> {
    if (this.#held === undefined || this.#termRestMs() <= 0) return;
    const { holderIdentity: _, ...spec } = this.#held.spec ?? {};
    const free = {
      ...this.#held,
      spec: { ...spec, leaseDurationSeconds: 1, renewTime: microTime(this.#clock.nowMs()) },
    };
    try {
      await this.#client.update<Lease>(free, { timeoutMs: Math.min(2_000, this.#termRestMs()) });
      this.#holder = '';
    } catch (error) {
      this.#log.debug({ reason: describeError(error) }, 'the Lease was not given back and expires');
    }
  }

  #ref() {
    const { namespace, name } = this.#options;
    return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace, name } as const;
  }

  /** How long the term lasts without another renewal. */
  #termRestMs(): number {
    if (this.#renewed === undefined) return 0;
    return this.#options.renewDeadlineMs - (this.#clock.monotonicMs() - this.#renewed.monotonicMs);
  }

  /** How long writes pass without another renewal: also bounded by the wall clock, which goes on in a suspended machine. */
  #writeRestMs(): number {
    if (this.#renewed === undefined) return 0;
    const wallRestMs = this.#options.renewDeadlineMs - (this.#clock.nowMs() - this.#renewed.wallMs);
    return Math.max(0, Math.min(this.#termRestMs(), wallRestMs));
  }
}

/** Kubernetes MicroTime: RFC 3339 with exactly six decimals. */
function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('Z', '000Z');
}
