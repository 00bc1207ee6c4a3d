import type { Node } from './expression.ts';

/** Where each alert is explained. */
const runbook = (alert: string) => `https://promfleet.dev/docs/runbooks#${alert.toLowerCase()}`;

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: 'page' | 'ticket';
  readonly summary: string;
}

/** What tells that promfleet itself does not do its work. Each one names what the user loses. */
const alerts: readonly Alert[] = [
  {
    alert: 'PromfleetOperatorAbsent',
    expr: 'sum(promfleet_leading) < 1 or absent(promfleet_leading)',
    for: '5m',
    severity: 'page',
    summary:
      'no operator leads: changes to stacks, rules, routes and silences have no effect; what runs goes on',
  },
  {
    alert: 'PromfleetTwoLeaders',
    expr: 'sum(promfleet_leading) > 1',
    for: '2m',
    severity: 'page',
    summary: '{{ $value }} operators lead at once',
  },
  {
    alert: 'PromfleetReconcileErrors',
    expr: 'sum by (controller) (rate(promfleet_reconciles_total{outcome="error"}[10m])) > 0.05',
    for: '15m',
    severity: 'ticket',
    summary: 'controller {{ $labels.controller }} fails {{ $value | humanize }} times a second',
  },
  {
    alert: 'PromfleetQueueSlow',
    expr: 'histogram_quantile(0.9, sum by (controller, le) (rate(promfleet_queue_wait_seconds_bucket[10m]))) > 30',
    for: '15m',
    severity: 'ticket',
    summary: 'changes wait {{ $value | humanizeDuration }} for controller {{ $labels.controller }}',
  },
  {
    alert: 'PromfleetApiServerErrors',
    expr: 'sum(rate(promfleet_kube_requests_total{code=~"5..|429|0"}[10m])) / sum(rate(promfleet_kube_requests_total[10m])) > 0.1',
    for: '15m',
    severity: 'ticket',
    summary: '{{ $value | humanizePercentage }} of the requests to the API server fail',
  },
  {
    alert: 'PromfleetReplicaNotUpToDate',
    expr: 'promfleet_reloader_up_to_date == 0',
    for: '10m',
    severity: 'page',
    summary: '{{ $labels.namespace }}/{{ $labels.pod }} does not run what its stack declares',
  },
  {
    alert: 'PromfleetFilesQuarantined',
    expr: 'promfleet_reloader_quarantined_files > 0',
    for: '5m',
    severity: 'ticket',
    summary:
      '{{ $labels.namespace }}/{{ $labels.pod }} left {{ $value }} files out because its server refuses them',
  },
];

/** Groups as Prometheus, PrometheusRule and AlertRuleSet write them. */
export const alertGroups: Node = [
  {
    name: 'promfleet',
    rules: alerts.map(({ alert, expr, severity, summary, for: wait }) => ({
      alert,
      expr,
      for: wait,
      labels: { severity },
      annotations: { summary, runbook_url: runbook(alert) },
    })),
  },
];
