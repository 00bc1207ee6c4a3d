interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly queries: readonly (readonly [expression: string, legend: string])[];
}

/** Rows of up to three panels, from what a user feels to what causes it. */
const rows: readonly (readonly Panel[])[] = [
  [
    { title: 'Leading operators', unit: 'short', queries: [['sum(promfleet_leading)', 'leading']] },
    {
      title: 'Reconciles by outcome',
      unit: 'ops',
      queries: [
        [
          'sum by (controller, outcome) (rate(promfleet_reconciles_total[$__rate_interval]))',
          '{{controller}} {{outcome}}',
        ],
      ],
    },
    {
      title: 'Replicas that do not run what is declared',
      unit: 'short',
      queries: [['count(promfleet_reloader_up_to_date == 0) or vector(0)', 'replicas']],
    },
  ],
  [
    {
      title: 'Keys that wait',
      unit: 'short',
      queries: [['sum by (controller) (promfleet_queue_depth)', '{{controller}}']],
    },
    {
      title: 'Wait for a worker, p90',
      unit: 's',
      queries: [
        [
          'histogram_quantile(0.9, sum by (controller, le) (rate(promfleet_queue_wait_seconds_bucket[$__rate_interval])))',
          '{{controller}}',
        ],
      ],
    },
    {
      title: 'Time of a reconcile, p90',
      unit: 's',
      queries: [
        [
          'histogram_quantile(0.9, sum by (controller, le) (rate(promfleet_reconcile_duration_seconds_bucket[$__rate_interval])))',
          '{{controller}}',
        ],
      ],
    },
  ],
  [
    {
      title: 'Requests to the API server',
      unit: 'reqps',
      queries: [
        [
          'sum by (method, code) (rate(promfleet_kube_requests_total[$__rate_interval]))',
          '{{method}} {{code}}',
        ],
      ],
    },
    {
      title: 'Writes by kind',
      unit: 'ops',
      queries: [
        [
          'sum by (verb, kind) (rate(promfleet_operator_writes_total[$__rate_interval]))',
          '{{verb}} {{kind}}',
        ],
      ],
    },
    {
      title: 'Objects in caches',
      unit: 'short',
      queries: [['sum by (kind) (promfleet_cache_objects)', '{{kind}}']],
    },
  ],
  [
    {
      title: 'Time of a load',
      unit: 's',
      queries: [['promfleet_reloader_last_load_seconds', '{{namespace}}/{{pod}}']],
    },
    {
      title: 'Files left out',
      unit: 'short',
      queries: [['promfleet_reloader_quarantined_files', '{{namespace}}/{{pod}}']],
    },
    {
      title: 'Memory',
      unit: 'bytes',
      queries: [['process_resident_memory_bytes{job=~".*promfleet.*"}', '{{pod}}']],
    },
  ],
];

const [panelWidth, panelHeight] = [8, 8];

/** Dashboard JSON as Grafana 10 and later load it (schema version 39). */
export function operatorDashboard(): Record<string, unknown> {
  const datasource = { type: 'prometheus', uid: '${datasource}' };
  const panels = rows.flatMap((row, y) =>
    row.map(({ title, unit, queries }, x) => ({
      id: y * 3 + x + 1,
      type: 'timeseries',
      title,
      datasource,
      gridPos: { x: x * panelWidth, y: y * panelHeight, w: panelWidth, h: panelHeight },
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      options: {
        legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
        tooltip: { mode: 'multi', sort: 'desc' },
      },
      targets: queries.map(([expr, legendFormat], index) => ({
        refId: String.fromCharCode(65 + index),
        datasource,
        expr,
        legendFormat,
      })),
    })),
  );
  return {
    uid: 'promfleet-operator',
    title: 'promfleet / operator',
    tags: ['promfleet'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    timezone: 'browser',
    templating: {
      list: [
        {
          name: 'datasource',
          label: 'Data source',
          type: 'datasource',
          query: 'prometheus',
          current: {},
          hide: 0,
        },
      ],
    },
    annotations: { list: [] },
    panels,
  };
}
