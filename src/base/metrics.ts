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

/** For tests and commands that serve no metrics. */
export const silentMetrics: Metrics = {
  counter: () => ({ add: () => {} }),
  gauge: () => ({ set: () => {}, remove: () => {} }),
  histogram: () => ({ observe: () => {} }),
};
