import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chartFolder } from '../../hack/install/chart.ts';
import type { Context, Plain } from '../../hack/install/expression.ts';
import { installation, objectsOf } from '../../hack/install/installation.ts';
import { baseContext, systemNamespace } from '../../hack/install/kustomize.ts';
import { defaultValues } from '../../hack/install/values.ts';
import { helm, helmProgram } from '../support/helm.ts';
import { realProgram } from '../support/programs.ts';

const root = join(import.meta.dirname, '../..');
const chart = join(root, chartFolder);
const folder = mkdtempSync(join(tmpdir(), 'promfleet-chart-'));

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

beforeAll(async () => {
  await helmProgram();
}, 1_800_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const keyOf = ({ apiVersion, kind, metadata }: Manifest) =>
  `${apiVersion} ${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
const byKey = (objects: readonly unknown[]) =>
  Object.fromEntries(
    (objects as readonly (Manifest | null)[])
      .filter((object): object is Manifest => object !== null)
      .map((object) => [keyOf(object), JSON.parse(JSON.stringify(object)) as Plain])
      .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
  );

/** Defaults with changes laid over them. */
function merged(base: Plain, over: Plain): Plain {
  const isMap = (node: Plain): node is { readonly [key: string]: Plain } =>
    typeof node === 'object' && node !== null && !Array.isArray(node);
  if (!isMap(base) || !isMap(over)) return over;
  const keys = new Set([...Object.keys(base), ...Object.keys(over)]);
  return Object.fromEntries(
    [...keys].map((key) => {
      const [a, b] = [base[key], over[key]];
      return [key, b === undefined ? a! : a === undefined ? b : merged(a, b)];
    }),
  );
}

async function rendered(
  values: Plain,
  more: readonly string[] = [],
  release = 'promfleet',
): Promise<readonly Manifest[]> {
  const file = join(folder, 'values.json');
  writeFileSync(file, JSON.stringify(values));
  const text = await helm('template', release, chart, '-n', systemNamespace, '-f', file, ...more);
  // A template whose condition does not hold is an empty document.
  return (loadAll(text) as (Manifest | null)[]).filter((object) => object !== null);
}

function evaluated(values: Plain, context: Partial<Context> = {}): readonly Plain[] {
  const full = { ...baseContext(merged(defaultValues(), values)), helm: true, ...context };
  return Object.values(installation).flatMap((documents) => objectsOf(documents, full));
}

const cases: Readonly<Record<string, Plain>> = {
  defaults: {},
  'one namespace': { namespaces: ['shop', 'bank'], crds: { enabled: false } },
  'a class and platform namespaces': { class: 'blue', platformNamespaces: ['monitoring', 'platform'] },
  'a mirror, a digest and pull secrets': {
    image: { registry: 'mirror.example:5000', digest: `sha256:${'0123'.repeat(16)}`, pullPolicy: 'Always' },
    imagePullSecrets: [{ name: 'mirror' }],
    agents: { image: 'mirror.example:5000/agents:v9' },
  },
  'everything off': {
    crds: { enabled: false },
    rbac: { teams: false },
    networkPolicy: { enabled: false },
    podDisruptionBudget: { enabled: false },
    operator: { replicas: 0 },
  },
  'everything on': {
    crds: { keep: false },
    serviceMonitor: { enabled: true, labels: { release: 'prom' } },
    alerts: { prometheusRule: { enabled: true, labels: { release: 'prom' } }, ruleSet: { enabled: true } },
    dashboards: { enabled: true },
    networkPolicy: { metricsFrom: [{ namespaceSelector: { matchLabels: { a: 'b' } } }] },
    operator: {
      allowHosts: ['hooks.internal'],
      extraArgs: ['--allow-loopback'],
      podLabels: { 'example.com/team': 'platform', yes: 'on' },
      podAnnotations: { note: 'says "yes": {{ really }}' },
      nodeSelector: { 'kubernetes.io/arch': 'amd64' },
      tolerations: [{ key: 'a', operator: 'Exists' }],
      affinity: { podAntiAffinity: {} },
      priorityClassName: 'system-cluster-critical',
      resources: {},
    },
  },
};

describe('the Helm chart', () => {
  it('passes helm lint', async () => {
    expect(await helm('lint', '--strict', chart)).toContain('0 chart(s) failed');
  });

  it.each(Object.entries(cases))('renders what its source says: %s', async (_name, values) => {
    expect(byKey(await rendered(values))).toEqual(byKey(evaluated(values)));
  });

  it.each([
    ['monitoring', 'monitoring-promfleet-operator'],
    ['promfleet-blue', 'promfleet-blue-operator'],
  ])('names the objects of release %s', async (release, name) => {
    const context = { release: { ...baseContext().release, name: release } };
    const objects = byKey(await rendered({}, [], release));
    expect(objects).toEqual(byKey(evaluated({}, context)));
    expect(objects).toHaveProperty([`apps/v1 Deployment ${systemNamespace}/${name}`]);
  });

  it('renders alerts as AlertRuleSet once the kind is served', async () => {
    const api = 'promfleet.dev/v1alpha1/AlertRuleSet';
    const values = { alerts: { ruleSet: { enabled: true } } };
    const objects = byKey(await rendered(values, ['--api-versions', api]));
    expect(objects).toEqual(byKey(evaluated(values, { served: new Set([api]) })));
    expect(Object.keys(objects).filter((key) => key.includes('AlertRuleSet '))).toHaveLength(1);
  });

  it('is the same as the kustomize bases', async () => {
    const kubectl = await realProgram('kubectl');
    const text = execFileSync(kubectl, ['kustomize', join(root, 'config/default')], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    const bases = byKey(loadAll(text) as unknown[]);
    delete bases[`v1 Namespace /${systemNamespace}`];
    const own = byKey((await rendered({})).filter(({ kind }) => kind !== 'Pod').map(bare));
    expect(own).toEqual(bases);
  });

  it.each([
    ['a misspelt value', { operater: {} }, /operater/],
    ['a wrong type', { operator: { replicas: 'two' } }, /replicas/],
    ['too many replicas', { operator: { replicas: 10 } }, /replicas/],
    ['a name that is none', { namespaces: ['Not_A_Name'] }, /namespaces/],
    ['a digest that is none', { image: { digest: 'latest' } }, /digest/],
    ['a level that does not exist', { operator: { logLevel: 'loud' } }, /logLevel/],
  ])('refuses %s', async (_name, values, message) => {
    await expect(rendered(values)).rejects.toThrow(message);
  });
});

/** Without what only Helm writes. */
function bare(object: Manifest): Manifest {
  const without = (of: Readonly<Record<string, string>> | undefined) => {
    const left = Object.entries(of ?? {}).filter(
      ([key]) => !key.startsWith('helm.sh/') && key !== 'app.kubernetes.io/managed-by',
    );
    return left.length === 0 ? undefined : Object.fromEntries(left);
  };
  const { labels, annotations, ...metadata } = object.metadata;
  const [ownLabels, ownAnnotations] = [without(labels), without(annotations)];
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(ownLabels === undefined ? {} : { labels: ownLabels }),
      ...(ownAnnotations === undefined ? {} : { annotations: ownAnnotations }),
    },
  };
}

it('has a README that lists every value', () => {
  const text = readFileSync(join(chart, 'README.md'), 'utf8');
  const paths = (node: Plain, prefix: string): string[] =>
    typeof node === 'object' && node !== null && !Array.isArray(node) && !text.includes(`\`${prefix}\` |`)
      ? Object.entries(node).flatMap(([key, member]) =>
          paths(member, prefix === '' ? key : `${prefix}.${key}`),
        )
      : [prefix];
  for (const path of paths(defaultValues(), '')) expect(text).toContain(`| \`${path}\` |`);
});
