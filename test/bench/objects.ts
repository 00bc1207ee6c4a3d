import type { AlertRuleSet } from '../../src/crds/alert-rule-set.ts';
import { apiVersion } from '../../src/crds/metadata.ts';
import type { KubeObject } from '../../src/kube/object.ts';

export const stackRef = {
  apiVersion,
  kind: 'MonitoringStack',
  namespace: 'monitoring',
  name: 'main',
} as const;

/** Two Prometheus replicas that take the rule sets of every namespace; scraping is slow, so that it does not disturb. */
export const stack = {
  apiVersion,
  kind: 'MonitoringStack',
  metadata: { namespace: 'monitoring', name: 'main' },
  spec: {
    prometheus: {
      replicas: 2,
      scrapeInterval: '60s',
      evaluationInterval: '60s',
      select: { namespaces: {}, rules: {} },
    },
    alertmanager: { replicas: 0 },
  },
} as KubeObject;

/** A set with three rules of usual size; `threshold` tells versions apart. */
export function ruleSet(namespace: string, name: string, threshold: number): KubeObject {
  const alert = (title: string, expr: string) => ({
    alert: title,
    expr,
    for: '5m',
    labels: { severity: 'page', team: namespace },
    annotations: { summary: `{{ $labels.instance }} of ${name}: {{ $value | humanizePercentage }}` },
  });
  const errors = `sum by (instance) (rate(http_requests_total{app="${name}",code=~"5.."}[5m]))`;
  const all = `sum by (instance) (rate(http_requests_total{app="${name}"}[5m]))`;
  return {
    apiVersion,
    kind: 'AlertRuleSet',
    metadata: { namespace, name },
    spec: {
      groups: [
        {
          name: 'requests',
          interval: '5m',
          rules: [
            { record: 'app:requests:rate5m', expr: all },
            alert('ErrorsHigh', `${errors} / ${all} > 0.0${threshold}`),
            alert('Absent', `absent(up{app="${name}"}) == ${threshold}`),
          ],
        },
      ],
    },
  } as KubeObject;
}

/** Whether the operator says that every replica has loaded the present version of a set. */
export function isLoaded(object: KubeObject): boolean {
  const { status, metadata } = object as unknown as AlertRuleSet;
  return (
    status?.observedGeneration === metadata.generation &&
    status?.conditions?.some((condition) => condition.type === 'Loaded' && condition.status === 'True') ===
      true
  );
}

/** A group of this many rules, as no team should write it. */
export function hugeRuleSet(namespace: string, name: string, rules: number): KubeObject {
  const { groups } = (ruleSet(namespace, name, 1) as unknown as { spec: unknown }).spec as {
    groups: { rules: { alert?: string }[] }[];
  };
  const alert = groups[0]!.rules.find((rule) => rule.alert === 'ErrorsHigh');
  const all = Array.from({ length: rules }, (_, n) => ({ ...alert, alert: `ErrorsHigh${n}` }));
  return {
    ...ruleSet(namespace, name, 1),
    spec: { groups: [{ name: 'huge', interval: '5m', rules: all }] },
  } as KubeObject;
}
