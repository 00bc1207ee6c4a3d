import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type MetricLabels = Readonly<Record<string, string>>;

/** Metrics as a port: libraries take this, main builds it. Names follow Prometheus: base units, `_total` for counters. */
export interface Metrics {
  counter(name: string, help: string, labelNames?: readonly string[]): CounterMetric;
  gauge(name: string, help: string, labelNames?: readonly string[]): GaugeMetric;
  /** `buckets` are upper bounds in the unit that the name states. */
  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames?: readonly string[],
  ): HistogramMetric;
}

export interface CounterMetric {
  add(amount: number, labels?: MetricLabels): void;
}

export interface GaugeMetric {
  set(value: number, labels?: MetricLabels): void;
  /** Drops the series of something that no longer exists. */
  remove(labels: MetricLabels): void;
}

export interface HistogramMetric {
  observe(value: number, labels?: MetricLabels): void;
}

/** The metrics of one process and their text form. */
export interface MetricsRegistry extends Metrics {
  readonly contentType: string;
  render(): Promise<string>;
}

/** Bounds for durations from a millisecond to two minutes. */
export const durationSecondsBuckets: readonly number[] = [
  0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120,
];

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

/** For tests and commands that serve no metrics. */
export const silentMetrics: Metrics = {
  counter: () => ({ add: () => {} }),
  gauge: () => ({ set: () => {}, remove: () => {} }),
  histogram: () => ({ observe: () => {} }),
};
