import { durationSecondsBuckets, type Metrics } from '../../base/metrics.ts';
import type { MemoryPool, QueryBudget } from '../query/query-budget.ts';
import type { FairGate } from './admission/fair-gate.ts';

/** Tenants that metrics tell apart; further ones are `other`. */
const tenantNames = 200;

/** What a scraper learns of the query server. */
export class ServerMetrics {
  readonly #requests;
  readonly #durations;
  readonly #queued;
  readonly #partial;
  readonly #refused;
  readonly #selected;
  readonly #gauges;
  readonly #tenants = new Set<string>();

  constructor(metrics: Metrics) {
    this.#requests = metrics.counter('promfleet_query_requests_total', 'Requests to the HTTP API.', [
      'handler',
      'code',
      'tenant',
    ]);
    this.#durations = metrics.histogram(
      'promfleet_query_request_duration_seconds',
      'Time of requests to the HTTP API, waiting included.',
      durationSecondsBuckets,
      ['handler'],
    );
    this.#queued = metrics.histogram(
      'promfleet_query_queue_duration_seconds',
      'Time that requests waited for their turn.',
      durationSecondsBuckets,
    );
    this.#partial = metrics.counter(
      'promfleet_query_partial_total',
      'Answers that lack a source or a block.',
      ['handler'],
    );
    this.#refused = metrics.counter(
      'promfleet_query_limit_exceeded_total',
      'Queries that failed as they would have exceeded a limit.',
      ['tenant'],
    );
    this.#selected = metrics.counter(
      'promfleet_query_selected_total',
      'Series, chunks and samples that queries selected.',
      ['what'],
    );
    const gauge = (name: string, help: string) => metrics.gauge(name, help);
    this.#gauges = {
      running: gauge('promfleet_query_running', 'Queries that run.'),
      waiting: gauge('promfleet_query_waiting', 'Queries that wait for their turn.'),
      held: gauge('promfleet_query_memory_held_bytes', 'Memory that running queries have reserved.'),
      total: gauge('promfleet_query_memory_limit_bytes', 'Memory that all queries together may hold.'),
    };
  }

  /** A request has ended. */
  ended(request: {
    readonly handler: string;
    readonly tenant: string;
    readonly status: number;
    readonly durationMs: number;
    readonly queuedMs: number;
    readonly partial: boolean;
    readonly limitExceeded: boolean;
    readonly budget: QueryBudget;
  }): void {
    const { handler, status } = request;
    const tenant = this.#bounded(request.tenant);
    this.#requests.add(1, { handler, code: String(status), tenant });
    this.#durations.observe(request.durationMs / 1000, { handler });
    this.#queued.observe(request.queuedMs / 1000);
    if (request.partial) this.#partial.add(1, { handler });
    if (request.limitExceeded) this.#refused.add(1, { tenant });
    for (const what of ['series', 'chunks', 'samples'] as const)
      this.#selected.add(Math.max(0, request.budget.used[what]), { what });
  }

  /** Before the metrics are read. */
  look(gate: FairGate, pool: MemoryPool): void {
    this.#gauges.running.set(gate.running);
    this.#gauges.waiting.set(gate.waiting);
    this.#gauges.held.set(pool.heldBytes);
    this.#gauges.total.set(pool.totalBytes);
  }

  #bounded(tenant: string): string {
    if (this.#tenants.size < tenantNames) this.#tenants.add(tenant);
    return this.#tenants.has(tenant) ? tenant : 'other';
  }
}
