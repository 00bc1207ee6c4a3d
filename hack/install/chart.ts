import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { helperText, templateText } from './helm-text.ts';
import { installation } from './installation.ts';
import { fullName, image } from './names.ts';
import { valuesSchema, valuesTable, valuesText } from './values.ts';

const note = 'Written by `make generate` from hack/install. Do not edit.';
export const chartFolder = 'charts/promfleet';

export function projectVersion(): string {
  const manifest = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** All files of the Helm chart by path. */
export function chartFiles(): Record<string, string> {
  const version = projectVersion();
  const files: Record<string, string> = {
    'Chart.yaml': `# ${note}
apiVersion: v2
name: promfleet
description: Operator for fleets of Prometheus and Alertmanager, with a federated query and storage engine
type: application
version: ${version}
appVersion: "${version}"
kubeVersion: ">=1.30.0-0"
keywords: [prometheus, alertmanager, monitoring, operator]
`,
    '.helmignore': '*.tgz\n',
    'values.yaml': valuesText(),
    'values.schema.json': `${JSON.stringify(valuesSchema(), undefined, 2)}\n`,
    'README.md': readme(version),
    'templates/NOTES.txt': notes,
    'templates/_helpers.tpl': `{{- /* ${note} */ -}}\n${helperText([fullName, image])}`,
  };
  for (const [name, documents] of Object.entries(installation))
    files[`templates/${name}.yaml`] = `{{- /* ${note} */ -}}\n${templateText(documents)}`;
  return Object.fromEntries(
    Object.entries(files).map(([name, content]) => [`${chartFolder}/${name}`, content]),
  );
}

const notes = `promfleet {{ $.Chart.AppVersion }} is installed in namespace {{ $.Release.Namespace }}.

  kubectl -n {{ $.Release.Namespace }} rollout status deploy -l app.kubernetes.io/instance={{ $.Release.Name }}
  helm test -n {{ $.Release.Namespace }} {{ $.Release.Name }}
  kubectl get promfleet -A

Uninstalling keeps the CustomResourceDefinitions, all objects and what runs; \`promfleet uninstall --purge\` removes them.
`;

function readme(version: string): string {
  return `<!-- ${note} -->

# promfleet

Helm chart of the promfleet operator, version ${version}. Kubernetes 1.30 or newer.

\`\`\`
helm install promfleet charts/promfleet -n promfleet-system --create-namespace
helm test promfleet -n promfleet-system
\`\`\`

The same objects as kustomize bases: \`kubectl apply --server-side -k config/default\`.

- The chart brings its CustomResourceDefinitions as templates, so that \`helm upgrade\` upgrades them.
- \`helm uninstall\` keeps them, all objects and all running workloads; only changes have no effect any more.
  \`promfleet uninstall --purge\` then removes everything that promfleet made.
- Pods run under the Pod Security Standard "restricted": no root, no capabilities, read-only root, seccomp.
- The operator reads Secrets by name only, and can neither escalate rights nor use a wildcard.
- With \`namespaces\` the operator works in these only, by Roles in each of them. Installing needs rights on
  CustomResourceDefinitions even then; with \`crds.enabled=false\` somebody else has installed them.

## Values

${valuesTable()}`;
}
