/** Apart from the port, so that an agent that serves no metrics of this kind does not load the library. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { MetricsRegistry } from './metrics.ts';

/** Asking twice for a name gives the same metric, so that parts need not know of each other. */
export function createMetricsRegistry(options: { processMetrics?: boolean } = {}): MetricsRegistry {
  const registry = new Registry();
  if (options.processMetrics === true) collectDefaultMetrics({ register: registry });
  const once = <M>(name: string, make: () => M): M =>
    (registry.getSingleMetric(name) as M | undefined) ?? make();
  const base = (name: string, help: string, labelNames: readonly string[]) => ({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    counter(name, help, labelNames = []) {
      const metric = once(name, () => new Counter(base(name, help, labelNames)));
      return { add: (amount, labels = {}) => metric.inc(labels, amount) };
    },
    gauge(name, help, labelNames = []) {
      const metric = once(name, () => new Gauge(base(name, help, labelNames)));
      return {
        set: (value, labels = {}) => metric.set(labels, value),
        remove: (labels) => metric.remove(labels),
      };
    },
    histogram(name, help, buckets, labelNames = []) {
      const metric = once(
        name,
        () => new Histogram({ ...base(name, help, labelNames), buckets: [...buckets] }),
      );
      return { observe: (value, labels = {}) => metric.observe(labels, value) };
    },
  };
}
