import type { LabelPairs } from './block-file.ts';
import { Numbers } from './numbers.ts';

/** What one series' values do; `limits` apply to a counter's increase for each scrape. */
export type Shape =
  | { readonly kind: 'counter'; readonly mean: number; readonly whole: boolean }
  | { readonly kind: 'walk'; readonly start: number; readonly move: number; readonly quantum: number }
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'cycle'; readonly values: readonly number[] };

/** A scraped target: its samples share their times. Steps [from, to) of the data set. */
export interface Target {
  readonly name: string;
  readonly offsetMs: number;
  readonly jitters: boolean;
  readonly from: number;
  readonly to: number;
  /** The step at which its counters start anew; -1: never. */
  readonly reset: number;
}

export interface PlannedSeries {
  readonly labels: LabelPairs;
  readonly target: Target;
  readonly shape: Shape;
}

const intervalMs = 15_000;
const podsPerJob = 25;
const nodes = 50;
const applications = [
  'checkout',
  'cart',
  'payment',
  'search',
  'catalog',
  'user',
  'auth',
  'gateway',
  'ads',
  'reco',
];
const buckets = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf'];
const handlers = ['/api/v1/items', '/api/v1/items/:id', '/api/v1/search', '/healthz', '/login'];
const methods = ['GET', 'POST'];
const codes = { 200: 1, 404: 0.02, 500: 0.002, 503: 0.0001 };
/** Values that show the order in which a sum is made, and how extremes are handled. */
const extremes = [1e16, 0.1, -1e16, 0.1, 3, Number.POSITIVE_INFINITY, 1, Number.NaN, 0.1, 2];

/** Pods of some jobs, their containers and nodes, as a cluster's Prometheus sees them; in the order of labels. */
export function topology(jobs: number, steps: number): PlannedSeries[] {
  const series: PlannedSeries[] = [];
  const add = (name: string, labels: Readonly<Record<string, string>>, target: Target, shape: Shape) => {
    const pairs = Object.entries({ __name__: name, ...labels });
    series.push({ labels: pairs.sort((a, b) => (a[0] < b[0] ? -1 : 1)), target, shape });
  };
  for (let job = 0; job < jobs; job++)
    for (let pod = 0; pod < podsPerJob; pod++) addPod(job, pod, steps, add);
  for (let node = 0; node < nodes; node++) addNode(node, steps, add);
  return series.sort((a, b) => comparePairs(a.labels, b.labels));
}

type Add = (name: string, labels: Readonly<Record<string, string>>, target: Target, shape: Shape) => void;

function addPod(job: number, pod: number, steps: number, add: Add): void {
  const chance = new Numbers(`pod ${job} ${pod}`);
  const application = `${applications[job % applications.length]}${job < applications.length ? '' : job}`;
  const name = `${application}-${chance.hex(9)}-${chance.hex(5)}`;
  const base: Target = {
    name,
    offsetMs: chance.below(intervalMs),
    jitters: chance.next() < 0.1,
    from: 0,
    to: steps,
    reset: chance.next() < 0.05 ? chance.below(steps) : -1,
  };
  const namespace = `ns-${job % 8}`;
  const load = 0.2 + 3 * chance.next() ** 2;
  const address = (life: number) => `10.${job}.${pod}.${10 + life}:8080`;
  // One of ten pods is replaced: its series end with a stale marker, and others begin.
  const cut = chance.next() < 0.1 ? chance.below(steps) : steps;
  const lives = [
    { ...base, to: cut },
    { ...base, name: `${name}-next`, from: cut + 2 },
  ];
  lives.forEach((target, life) => {
    if (target.from >= Math.min(target.to, steps)) return;
    const labels = {
      job: `svc-${String(job).padStart(2, '0')}`,
      instance: address(life),
      pod: name,
      namespace,
    };
    for (const handler of handlers)
      for (const method of methods)
        for (const [code, share] of Object.entries(codes))
          add('http_requests_total', { ...labels, handler, method, code }, target, {
            kind: 'counter',
            mean: 15 * share * load * (method === 'GET' ? 10 : 1) * Math.exp(chance.normal()),
            whole: true,
          });
    for (const method of methods) {
      const mean = 15 * load * (method === 'GET' ? 20 : 3);
      buckets.forEach((le, i) => {
        const shape: Shape = { kind: 'counter', mean: (mean * (i + 1)) / buckets.length, whole: true };
        add('http_request_duration_seconds_bucket', { ...labels, method, le }, target, shape);
      });
      add('http_request_duration_seconds_count', { ...labels, method }, target, {
        kind: 'counter',
        mean,
        whole: true,
      });
      add('http_request_duration_seconds_sum', { ...labels, method }, target, {
        kind: 'counter',
        mean: mean / 7,
        whole: false,
      });
    }
    add('up', labels, target, { kind: 'constant', value: 1 });
    add('go_goroutines', labels, target, { kind: 'walk', start: 200, move: 5, quantum: 1 });
    add('process_resident_memory_bytes', labels, target, {
      kind: 'walk',
      start: 4e8,
      move: 3e6,
      quantum: 4096,
    });
    add('go_memstats_heap_alloc_bytes', labels, target, { kind: 'walk', start: 1e8, move: 2e7, quantum: 8 });
    add('process_cpu_seconds_total', labels, target, { kind: 'counter', mean: 4 * load, whole: false });
    add('process_start_time_seconds', labels, target, { kind: 'constant', value: 1_795_100_000.37 });
    add('extreme_value', labels, target, { kind: 'cycle', values: extremes });
    const node = `ip-10-0-${chance.below(nodes)}-17.ec2.internal`;
    for (const container of ['app', 'istio-proxy']) {
      const inside = {
        job: 'cadvisor',
        namespace,
        pod: name,
        container,
        node,
        instance: `${node}:10250`,
        life: String(life),
      };
      add('container_memory_working_set_bytes', inside, target, {
        kind: 'walk',
        start: 5e8,
        move: 3e6,
        quantum: 4096,
      });
      add('container_cpu_usage_seconds_total', inside, target, {
        kind: 'counter',
        mean: 6 * load,
        whole: false,
      });
    }
    for (const phase of ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'])
      add(
        'kube_pod_status_phase',
        {
          job: 'kube-state-metrics',
          instance: '10.9.9.9:8080',
          namespace,
          pod: name,
          phase,
          uid: target.name,
        },
        target,
        { kind: 'constant', value: phase === 'Running' ? 1 : 0 },
      );
  });
}

function addNode(node: number, steps: number, add: Add): void {
  const chance = new Numbers(`node ${node}`);
  const name = `ip-10-0-${node}-17.ec2.internal`;
  const target: Target = {
    name: `node ${node}`,
    offsetMs: chance.below(intervalMs),
    jitters: node % 10 === 0,
    from: 0,
    to: steps,
    reset: -1,
  };
  const labels = { job: 'node-exporter', instance: `${name}:9100`, node: name };
  const shares = {
    idle: 0.7,
    user: 0.2,
    system: 0.08,
    iowait: 0.01,
    softirq: 0.005,
    irq: 0,
    nice: 0,
    steal: 0,
  };
  for (let cpu = 0; cpu < 8; cpu++)
    for (const [mode, share] of Object.entries(shares))
      add('node_cpu_seconds_total', { ...labels, cpu: String(cpu), mode }, target, {
        kind: 'counter',
        mean: 15 * share,
        whole: false,
      });
  add('node_load1', labels, target, { kind: 'walk', start: 2, move: 0.1, quantum: 0.01 });
  add('node_memory_MemAvailable_bytes', labels, target, {
    kind: 'walk',
    start: 3e10,
    move: 1e7,
    quantum: 4096,
  });
}

function comparePairs(a: LabelPairs, b: LabelPairs): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    for (const part of [0, 1] as const)
      if (a[i]![part] !== b[i]![part]) return a[i]![part] < b[i]![part] ? -1 : 1;
  }
  return a.length - b.length;
}
