import { ApiError } from '../api-error.ts';

export interface GateLimits {
  /** Queries that run at once, of all tenants and of one. */
  readonly running: number;
  readonly runningPerTenant: number;
  /** Queries that wait, of all tenants and of one. */
  readonly waiting: number;
  readonly waitingPerTenant: number;
}

interface Tenant {
  running: number;
  readonly limit: number;
  readonly queue: (() => void)[];
  /** Turn in which it was served last. */
  served: number;
}

/**
 * Lets a number of queries run at once. Of those that wait, the tenant with the fewest running goes first, the longest not
 * served among equals, and a tenant's own in order of arrival: many queries of one do not keep another's waiting.
 */
export class FairGate {
  readonly #limits: GateLimits;
  readonly #tenants = new Map<string, Tenant>();
  #running = 0;
  #waiting = 0;
  #turn = 0;

  constructor(limits: GateLimits) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Runs `work` when its turn comes; one that is aborted while it waits never starts. */
  async run<T>(
    name: string,
    signal: AbortSignal,
    work: () => Promise<T>,
    runningPerTenant = this.#limits.runningPerTenant,
  ): Promise<T> {
    const tenant = this.#tenantOf(name, runningPerTenant);
    if (this.#running >= this.#limits.running || tenant.running >= tenant.limit || tenant.queue.length > 0)
      await this.#wait(name, tenant, signal);
    else this.#start(tenant);
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      tenant.running--;
      this.#running--;
      this.#next();
      this.#forget(name, tenant);
    }
  }

  #tenantOf(name: string, limit: number): Tenant {
    let tenant = this.#tenants.get(name);
    if (tenant === undefined) {
      tenant = { running: 0, limit, queue: [], served: this.#turn };
      this.#tenants.set(name, tenant);
    }
    return tenant;
  }

  #forget(name: string, tenant: Tenant): void {
    if (tenant.running === 0 && tenant.queue.length === 0) this.#tenants.delete(name);
  }

  #start(tenant: Tenant): void {
    tenant.running++;
    tenant.served = ++this.#turn;
    this.#running++;
  }

  #next(): void {
    while (this.#running < this.#limits.running) {
      let chosen: Tenant | undefined;
      for (const tenant of this.#tenants.values()) {
        if (tenant.queue.length === 0 || tenant.running >= tenant.limit) continue;
        if (
          chosen === undefined ||
          tenant.running < chosen.running ||
          (tenant.running === chosen.running && tenant.served < chosen.served)
        )
          chosen = tenant;
      }
      if (chosen === undefined) return;
      this.#waiting--;
      this.#start(chosen);
      chosen.queue.shift()!();
    }
  }

  #wait(name: string, tenant: Tenant, signal: AbortSignal): Promise<void> {
    const { waiting, waitingPerTenant } = this.#limits;
    if (this.#waiting >= waiting || tenant.queue.length >= waitingPerTenant)
      throw new ApiError(
        'unavailable',
        `${tenant.queue.length} queries of this tenant and ${this.#waiting} in all wait already: try again later`,
      );
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const turn = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        const at = tenant.queue.indexOf(turn);
        if (at < 0) return;
        tenant.queue.splice(at, 1);
        this.#waiting--;
        this.#forget(name, tenant);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting++;
      tenant.queue.push(turn);
    });
  }
}
