import { alertGroups } from './alerts.ts';
import { operatorDashboard } from './dashboard.ts';
import { all, isServed, isSet, join, releaseNamespace, spread, value } from './expression.ts';
import type { Document } from './helm-text.ts';
import { commonLabels, metricsPort, operatorName, ownMetadata, selectorLabels } from './names.ts';

const labelled = (path: string) => ({
  name: operatorName,
  namespace: releaseNamespace,
  labels: { 'app.kubernetes.io/name': 'promfleet-operator', ...commonLabels, '...': spread(path) },
});

/** What watches promfleet itself. Off by default: the kinds belong to others. */
export const operatorMonitoring: readonly Document[] = [
  {
    condition: isSet('serviceMonitor.enabled'),
    object: {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'ServiceMonitor',
      metadata: labelled('serviceMonitor.labels'),
      spec: {
        selector: { matchLabels: selectorLabels },
        endpoints: [{ port: metricsPort.name, interval: value('serviceMonitor.interval') }],
      },
    },
  },
  {
    condition: isSet('alerts.prometheusRule.enabled'),
    object: {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: labelled('alerts.prometheusRule.labels'),
      spec: { groups: alertGroups },
    },
  },
  {
    condition: all(isSet('alerts.ruleSet.enabled'), isServed('promfleet.dev/v1alpha1/AlertRuleSet')),
    object: {
      apiVersion: 'promfleet.dev/v1alpha1',
      kind: 'AlertRuleSet',
      metadata: ownMetadata(operatorName),
      spec: { groups: alertGroups },
    },
  },
  {
    condition: isSet('dashboards.enabled'),
    object: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: join(operatorName, '-dashboard'),
        namespace: releaseNamespace,
        labels: {
          'app.kubernetes.io/name': 'promfleet-operator',
          ...commonLabels,
          '...': spread('dashboards.labels'),
        },
      },
      data: { 'promfleet-operator.json': `${JSON.stringify(operatorDashboard(), undefined, 2)}\n` },
    },
  },
];
