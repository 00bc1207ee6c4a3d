import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/create-logger.ts';
import { silentLogger } from '../../src/base/log.ts';
import type { MetricsRegistry } from '../../src/base/metrics.ts';
import { createMetricsRegistry } from '../../src/base/metrics-registry.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Manager } from '../../src/controllers/manager.ts';
import { createOperator, type OperatorOptions } from '../../src/controllers/operator/operator.ts';
import type { KubeClient } from '../../src/kube/client.ts';

export interface OperatorRun {
  readonly manager: Manager;
  readonly metrics: MetricsRegistry;
  stop(): Promise<void>;
}

/** Runs an operator in this process against `client`. */
export function runOperator(client: KubeClient, options: Partial<OperatorOptions> = {}): OperatorRun {
  const metrics = createMetricsRegistry();
  const manager = createOperator({
    client,
    clock: systemClock,
    random: systemRandom,
    log:
      process.env.PROMFLEET_TEST_LOG === undefined
        ? silentLogger
        : createLogger({ level: process.env.PROMFLEET_TEST_LOG }),
    metrics,
    consent: { platformNamespaces: new Set() },
    addresses: { allowedHosts: [], refusedHosts: [] },
    agentImage: 'promfleet/promfleet:v1',
    instance: 'test',
    shutdownMs: 2000,
    ...options,
  });
  const stop = new AbortController();
  const running = manager.run(stop.signal);
  running.catch(() => {});
  return {
    manager,
    metrics,
    async stop() {
      stop.abort();
      await running;
    },
  };
}

/** Waits until `check` returns something else than undefined or false; the error tells what was seen last. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined | false>,
  timeoutMs = 20_000,
  seen: () => unknown = () => undefined,
): Promise<T> {
  const endMs = systemClock.monotonicMs() + timeoutMs;
  for (;;) {
    const result = await check();
    if (result !== undefined && result !== false) return result;
    if (systemClock.monotonicMs() > endMs)
      throw new Error(`not within ${timeoutMs} ms: ${what}; last seen: ${JSON.stringify(seen())}`);
    await systemClock.sleep(20);
  }
}
