/** A query of the table. Times are those of the data set's end; each run moves them by some seconds. */
export interface BenchQuery {
  readonly text: string;
  /** Seconds from start to end; absent: an instant query. */
  readonly rangeSeconds?: number;
  readonly stepSeconds?: number;
  /** Path of another API than query and query_range. */
  readonly api?: string;
}

/** A row of the table: queries that are measured together, and the ratio ours / Prometheus that they must and may reach. */
export interface BenchClass {
  readonly name: string;
  readonly queries: readonly BenchQuery[];
  readonly must: number;
  readonly aim?: number;
  /** Asked so often before it is measured, and how often it is then, where one answer takes a millisecond. */
  readonly warmUps?: number;
  readonly runs?: number;
}

const hour = 3600;
const range = (text: string, hours: number, stepSeconds: number): BenchQuery => ({
  text,
  rangeSeconds: hours * hour,
  stepSeconds,
});
const instant = (text: string): BenchQuery => ({ text });

export const classes: readonly BenchClass[] = [
  {
    name: 'heavy range aggregation',
    queries: [
      range('sum by (job) (rate(http_requests_total[5m]))', 6, 60),
      range('sum by (job, le) (rate(http_request_duration_seconds_bucket[5m]))', 6, 60),
    ],
    must: 0.08,
    aim: 0.04,
  },
  {
    name: 'medium aggregation',
    queries: [
      range('avg by (namespace) (container_memory_working_set_bytes)', 6, 60),
      range('sum by (namespace) (rate(container_cpu_usage_seconds_total[5m]))', 6, 60),
      range('sum by (instance) (rate(node_cpu_seconds_total{mode!="idle"}[5m]))', 6, 60),
    ],
    must: 0.15,
    aim: 0.08,
  },
  {
    name: '*_over_time[1h]',
    queries: [
      range('avg_over_time(go_goroutines[1h])', 6, 60),
      range('max by (job) (max_over_time(process_resident_memory_bytes[1h]))', 6, 60),
      range('sum by (job) (sum_over_time(go_memstats_heap_alloc_bytes[1h]))', 6, 60),
    ],
    must: 0.15,
    aim: 0.1,
  },
  {
    name: 'raw matrix, >= 5 MB of JSON',
    queries: [
      range('go_memstats_heap_alloc_bytes', 6, 60),
      range('rate(process_cpu_seconds_total[5m])', 6, 60),
    ],
    must: 0.2,
    aim: 0.12,
  },
  {
    name: 'instant, >= 20k series',
    queries: [
      instant('sum by (job) (http_requests_total)'),
      instant('sum(rate(http_requests_total[5m]))'),
      instant('topk(10, rate(http_requests_total[5m]))'),
    ],
    must: 0.17,
    aim: 0.1,
  },
  {
    name: 'tiny, hot',
    queries: [
      instant('up{job="svc-01"}'),
      range('rate(process_cpu_seconds_total{job="svc-01"}[5m])', 1, 60),
      instant('1 + 1'),
    ],
    warmUps: 200,
    runs: 101,
    must: 0.9,
    aim: 0.6,
  },
  { name: 'series API', queries: [{ text: 'http_requests_total', api: 'series' }], must: 0.12, aim: 0.05 },
  {
    name: 'label values with match',
    queries: [{ text: 'http_requests_total{code="500"}', api: 'label/instance/values' }],
    must: 0.35,
    aim: 0.2,
  },
  {
    name: 'subquery',
    queries: [range('max_over_time(sum(rate(http_requests_total{job="svc-01"}[5m]))[30m:1m])', 3, 60)],
    must: 1,
  },
  {
    name: 'join of two aggregations',
    queries: [
      range(
        'sum by (job) (rate(http_requests_total{code="500"}[5m])) / sum by (job) (rate(http_requests_total[5m]))',
        6,
        60,
      ),
      range(
        'up * on (pod, namespace) group_left (node) container_memory_working_set_bytes{container="app"}',
        2,
        60,
      ),
    ],
    must: 1,
  },
  {
    name: 'histogram_quantile',
    queries: [
      range(
        'histogram_quantile(0.99, sum by (job, le) (rate(http_request_duration_seconds_bucket[5m])))',
        6,
        60,
      ),
    ],
    must: 1,
  },
  {
    name: 'label_replace',
    queries: [range('label_replace(go_goroutines, "short", "$1", "pod", "([a-z]+)-.*")', 3, 60)],
    must: 1,
  },
  {
    name: 'regex selector over all series',
    queries: [instant('count({__name__=~".+_total", code=~"5.."})'), instant('count({job=~"svc-0.*"})')],
    must: 1,
  },
  {
    name: '12 h at 2 min',
    queries: [range('sum by (job) (rate(http_requests_total[5m]))', 12, 120)],
    must: 1,
  },
];
