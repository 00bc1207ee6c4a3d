import { totalmem } from 'node:os';
import { limits } from '../../../base/limits.ts';
import { MemoryPool, QueryBudget } from '../../query/query-budget.ts';
import { FairGate } from './fair-gate.ts';
import { Tenancy, type TenancyOptions } from './tenant.ts';
import type { TenantLimits } from './tenant-limits.ts';

export interface AdmissionOptions {
  /** Memory of all queries together. */
  readonly memoryBytes: number;
  /** Queries that run at once. */
  readonly concurrency: number;
  readonly tenancy: TenancyOptions;
  /** Of a tenant by its name. */
  readonly limitsOf: (tenant: string) => TenantLimits;
  readonly slowQueryMs: number;
}

/** Decides who may run and how much a query may hold. */
export interface Admission {
  readonly gate: FairGate;
  readonly pool: MemoryPool;
  readonly tenancy: Tenancy;
  readonly slowQueryMs: number;
  limitsOf(tenant: string): TenantLimits;
  budgetOf(tenant: string): QueryBudget;
}

/** Memory of all queries where it is not stated: a part of what the process may use. */
export function defaultMemoryBytes(): number {
  const machine = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  return Math.max(limits.queryMemoryLeastBytes, Math.floor(machine * limits.queryMemoryShare));
}

export function defaultTenantLimits(memoryBytes: number, concurrency: number): TenantLimits {
  return {
    maxSeries: Number.POSITIVE_INFINITY,
    maxChunks: Number.POSITIVE_INFINITY,
    maxSelectedSamples: Number.POSITIVE_INFINITY,
    maxSamples: limits.querySamples,
    maxBytes: Math.floor(memoryBytes * limits.queryMemoryPerQuery),
    concurrency,
  };
}

export function admissionOf(options: Partial<AdmissionOptions> = {}): Admission {
  const memoryBytes = options.memoryBytes ?? defaultMemoryBytes();
  const concurrency = options.concurrency ?? limits.queryConcurrency;
  const others = defaultTenantLimits(memoryBytes, concurrency);
  const limitsOf = options.limitsOf ?? (() => others);
  const pool = new MemoryPool(memoryBytes);
  return {
    pool,
    limitsOf,
    gate: new FairGate({
      running: concurrency,
      runningPerTenant: concurrency,
      waiting: limits.queryQueue,
      waitingPerTenant: limits.queryQueuePerTenant,
    }),
    tenancy: new Tenancy(options.tenancy ?? { headers: [], trustedProxies: [] }),
    slowQueryMs: options.slowQueryMs ?? limits.slowQueryMs,
    budgetOf: (tenant) => new QueryBudget(limitsOf(tenant), pool),
  };
}
