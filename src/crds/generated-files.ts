import { dump } from 'js-yaml';
import { customResourceDefinition } from './crd.ts';
import { kinds } from './kinds.ts';
import { referencePage } from './reference-page.ts';

const note = '# Written by `make generate` from src/crds. Do not edit.\n';

/** Content of every generated file, by its path from the root of the repository. */
export function generatedFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const definition of kinds) {
    files.set(
      `config/crd/${definition.plural}.yaml`,
      note + dump(customResourceDefinition(definition), { lineWidth: 110, noRefs: true }),
    );
    files.set(`docs/crds/${definition.singular}.md`, referencePage(definition));
  }
  files.set('docs/crds/README.md', indexPage());
  return files;
}

function indexPage(): string {
  const rows = kinds.map(
    (definition) =>
      `| [${definition.kind}](${definition.singular}.md) | \`${definition.shortNames.join('`, `')}\` | ${definition.spec.description} |`,
  );
  return `<!-- Written by \`make generate\` from src/crds. Do not edit. -->

# Custom resources

Group \`promfleet.dev\`, version \`v1alpha1\`. \`kubectl get promfleet\` lists all of them.

| kind | short | says |
| --- | --- | --- |
${rows.join('\n')}

Field names follow Kubernetes: camel case. Where a field stands for one of Prometheus or Alertmanager, the spelling there
is the same in snake case (\`keepFiringFor\`: \`keep_firing_for\`); the page of AlertRoute names it for every receiver field.
Durations are written as in Prometheus (\`30s\`, \`1h30m\`, \`2d\`), bytes and counts as Kubernetes quantities (\`50Gi\`, \`50k\`).
`;
}
