import type { KindName } from './kinds.ts';

/** One example of each kind, for the reference pages; tests check that it is valid. */
export const examples: Readonly<Record<KindName, string>> = {
  MonitoringStack: `apiVersion: promfleet.dev/v1alpha1
kind: MonitoringStack
metadata: {name: main, namespace: monitoring}
spec:
  externalLabels: {cluster: eu-1}
  prometheus:
    replicas: 2
    retention: {time: 24h, size: 50Gi}
    storage: {size: 100Gi, storageClassName: fast}
    select: {namespaces: {}}        # every namespace that permits it
    scrape: {annotatedPods: {namespaces: {}}}
    limits: {samples: 50k, targets: 5k, bodySize: 50Mi}
  alertmanager:
    replicas: 3
    select: {namespaces: {}}
    platformRoute: {name: platform}  # an AlertRoute beside the stack that sees every alert
  query: {replicas: 2}               # one answer over all replicas and shards, and the bucket
  objectStore: {secretRef: {name: bucket, key: objstore.yml}}
`,
  AlertRuleSet: `apiVersion: promfleet.dev/v1alpha1
kind: AlertRuleSet
metadata: {name: checkout, namespace: shop}
spec:
  groups:
    - name: checkout
      interval: 30s
      rules:
        - alert: CheckoutErrorsHigh
          expr: |
            sum(rate(http_requests_total{app="checkout",code=~"5.."}[5m]))
              / sum(rate(http_requests_total{app="checkout"}[5m])) > 0.05
          for: 5m
          labels: {severity: page}
          annotations: {summary: "checkout fails for {{ $value | humanizePercentage }}"}
        - record: app:http_requests:rate5m
          expr: sum by (app) (rate(http_requests_total[5m]))
`,
  AlertRoute: `apiVersion: promfleet.dev/v1alpha1
kind: AlertRoute
metadata: {name: checkout, namespace: shop}
spec:
  receivers:
    - name: chat
      slack: {channel: "#checkout", apiURL: {secretKeyRef: {name: slack, key: url}}}
    - name: pager
      pagerduty: {routingKey: {secretKeyRef: {name: pagerduty, key: routing-key}}}
  route:
    receiver: chat
    groupBy: [alertname]
    routes:
      - receiver: pager
        matchers: ['severity="page"']
        muteTimeIntervals: [nights]
  timeIntervals:
    - name: nights
      timeIntervals:
        - times: [{startTime: "22:00", endTime: "24:00"}, {startTime: "00:00", endTime: "06:00"}]
          location: Europe/Berlin
`,
  Silence: `apiVersion: promfleet.dev/v1alpha1
kind: Silence
metadata: {name: weekly-maintenance, namespace: shop}
spec:
  matchers: ['alertname="CheckoutErrorsHigh"', 'instance=~"canary-.*"']
  schedule: {cron: "0 2 * * 0", duration: 1h, timeZone: Europe/Berlin}
  comment: weekly maintenance of the canaries
`,
  RetentionPolicy: `apiVersion: promfleet.dev/v1alpha1
kind: RetentionPolicy
metadata: {name: payments, namespace: monitoring}
spec:
  stack: {name: main}
  mode: Enforce
  rules:                            # the first that matches counts
    - matchers: ['namespace="payments"']
      keep:
        - {resolution: raw, duration: 90d}
        - {resolution: 1h, duration: 7y}
    - matchers: ['__name__=~"debug_.*"']
      keep: [{resolution: raw, duration: 24h}]
  erase:
    - matchers: ['user_id="4711"']
      reason: GDPR-123
`,
};
