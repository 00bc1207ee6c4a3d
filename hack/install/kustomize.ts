import { dump } from 'js-yaml';
import { kinds } from '../../src/crds/kinds.ts';
import { projectVersion } from './chart.ts';
import type { Context, Plain } from './expression.ts';
import type { Document } from './helm-text.ts';
import { installation, objectsOf } from './installation.ts';
import { defaultValues } from './values.ts';

const note = '# Written by `make generate` from hack/install. Do not edit.\n';
export const systemNamespace = 'promfleet-system';

/** How the bases are read: as a release \`promfleet\` with all defaults. */
export function baseContext(values: Plain = defaultValues()): Context {
  const version = projectVersion();
  const release = {
    name: 'promfleet',
    namespace: systemNamespace,
    appVersion: version,
    chart: `promfleet-${version}`,
  };
  return { values, release, helm: false, served: new Set() };
}

const text = (objects: readonly unknown[]) =>
  note + objects.map((object) => `---\n${dump(object, { lineWidth: 110, noRefs: true })}`).join('');
const kustomization = (resources: readonly string[]) =>
  note +
  dump(
    { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources },
    { lineWidth: 110 },
  );

/** The bases by path; the files of \`config/crd\` themselves come from \`src/crds\`. */
export function kustomizeFiles(): Record<string, string> {
  const context = baseContext();
  const files = (documents: readonly Document[]) => text(objectsOf(documents, context));
  const namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: systemNamespace,
      labels: {
        'app.kubernetes.io/part-of': 'promfleet',
        'pod-security.kubernetes.io/enforce': 'restricted',
      },
    },
  };
  return {
    'config/crd/kustomization.yaml': kustomization(kinds.map(({ plural }) => `${plural}.yaml`)),
    'config/rbac/kustomization.yaml': kustomization(['operator.yaml', 'teams.yaml']),
    'config/rbac/operator.yaml': files(installation['rbac-operator']!),
    'config/rbac/teams.yaml': files(installation['rbac-teams']!),
    'config/operator/kustomization.yaml': kustomization(['deployment.yaml', 'network.yaml']),
    'config/operator/deployment.yaml': files(installation.deployment!),
    'config/operator/network.yaml': files(installation.network!),
    'config/monitoring/kustomization.yaml': kustomization(['monitoring.yaml']),
    'config/monitoring/monitoring.yaml': text(
      objectsOf(installation.monitoring!, {
        ...baseContext(withMonitoring()),
        served: new Set(['promfleet.dev/v1alpha1/AlertRuleSet']),
      }),
    ),
    'config/default/kustomization.yaml': kustomization([
      'namespace.yaml',
      '../crd',
      '../rbac',
      '../operator',
    ]),
    'config/default/namespace.yaml': text([namespace]),
  };
}

/** All that watches promfleet itself, for clusters with the Prometheus Operator's kinds. */
function withMonitoring(): Plain {
  const values = structuredClone(defaultValues()) as {
    serviceMonitor: { enabled: boolean };
    alerts: { ruleSet: { enabled: boolean } };
    dashboards: { enabled: boolean };
  };
  values.serviceMonitor.enabled = true;
  values.alerts.ruleSet.enabled = true;
  values.dashboards.enabled = true;
  return values as unknown as Plain;
}
