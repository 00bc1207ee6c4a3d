import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { dump, loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kinds } from '../../src/crds/kinds.ts';
import { promfleet } from '../support/cli.ts';
import { goProgram } from '../support/go-program.ts';

/** The examples for Argo CD and Flux: the health script run by the interpreter that Argo CD has, and what lies beside it. */
const folder = join(import.meta.dirname, '../../examples/gitops');
const script = readFileSync(join(folder, 'argocd/health.lua'), 'utf8');
const scratch = mkdtempSync(join(tmpdir(), 'promfleet-gitops-'));
const run = promisify(execFile);
let lua: string;

beforeAll(async () => {
  lua = await goProgram({
    name: 'glua',
    version: '1.1.1',
    go: { module: 'github.com/yuin/gopher-lua', version: 'v1.1.1', packagePath: './cmd/glua' },
  });
});
afterAll(() => rmSync(scratch, { recursive: true }));

interface Judged {
  readonly metadata: object;
  readonly spec?: object;
  readonly status?: object;
}

/** A JSON value as Argo CD hands it to a script: maps and lists are tables, absent values are nil. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(literal).join(',')}}`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => `[${text(key)}]=${literal(each)}`)
      .join(',')}}`;
  return typeof value === 'string' ? text(value) : String(value);
}

/** Bytes by number: no text can end its literal. */
function text(value: string): string {
  return `"${[...Buffer.from(value)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}"`;
}

/** Health of many objects by one run. As in Argo CD, a script sees neither files nor processes. */
async function healthOf(objects: readonly Judged[]): Promise<readonly string[]> {
  const file = join(scratch, 'run.lua');
  const judge = `local function judge(obj)\n${script}\nend`;
  const shut = 'io, os, package, require, dofile, loadfile = nil, nil, nil, nil, nil, nil';
  const calls = objects.map(
    (object) => `do local h = judge(${literal(object)}) print(h.status .. "|" .. h.message) end`,
  );
  writeFileSync(file, [shut, judge, ...calls].join('\n'));
  const { stdout } = await run(lua, [file], { maxBuffer: 16 * 1024 * 1024 });
  return stdout.trimEnd().split('\n');
}

const condition = (type: string, status: string, message = 'm') => ({ type, status, reason: 'R', message });
const object = (
  conditions: readonly object[],
  more: { generation?: number; observed?: number; spec?: object } = {},
): Judged => ({
  metadata: { generation: more.generation ?? 2 },
  spec: more.spec ?? {},
  status: { observedGeneration: more.observed ?? 2, conditions },
});

describe('the health script of Argo CD', () => {
  test('says what the conditions say', async () => {
    const cases: readonly (readonly [Judged, string])[] = [
      [{ metadata: { generation: 1 }, spec: {} }, 'Progressing|waiting for the operator'],
      [{ metadata: { generation: 1 } }, 'Progressing|waiting for the operator'],
      [{ metadata: {}, status: {} }, 'Progressing|waiting for the operator'],
      [
        { ...object([condition('Ready', 'True')]), metadata: { deletionTimestamp: 'x' } },
        'Progressing|is being deleted',
      ],
      [object([condition('Ready', 'True', '5/5')]), 'Healthy|5/5'],
      [object([condition('Ready', 'True')], { observed: 1 }), 'Progressing|waiting for the operator'],
      [object([condition('Ready', 'False'), condition('Reconciling', 'True', '1/2')]), 'Progressing|1/2'],
      [
        object([condition('Ready', 'False'), condition('Stalled', 'True', 'bad "rule"')]),
        'Degraded|bad "rule"',
      ],
      [
        object([condition('Ready', 'False', 'off')], { spec: { suspend: true } }),
        'Suspended|spec.suspend is true',
      ],
      [object([condition('Ready', 'Unknown', '?')]), 'Progressing|?'],
      [
        object([condition('Ready', 'True', 'ok'), condition('Healthy', 'False', 'evaluation fails')]),
        'Healthy|ok',
      ],
    ];
    expect(await healthOf(cases.map(([each]) => each))).toEqual(cases.map(([, expected]) => expected));
  });

  test('agrees with kstatus on any status', async () => {
    const status = fc.constantFrom('True', 'False', 'Unknown');
    const conditions = fc
      .record({
        Ready: fc.option(status),
        Reconciling: fc.option(status),
        Stalled: fc.option(status),
        Healthy: fc.option(status),
      })
      .map((all) =>
        Object.entries(all).flatMap(([type, value]) => (value === null ? [] : [condition(type, value)])),
      );
    const objects = fc
      .sample(fc.record({ conditions, observed: fc.nat(3), suspend: fc.boolean() }), {
        numRuns: 500,
        seed: 7,
      })
      .map(({ conditions: list, observed, suspend }) => object(list, { observed, spec: { suspend } }));
    const names = { Current: 'Healthy', Failed: 'Degraded', InProgress: 'Progressing' } as const;
    const expected = objects.map((each) =>
      (each.spec as { suspend: boolean }).suspend ? 'Suspended' : names[kstatus(each)],
    );
    expect((await healthOf(objects)).map((line) => line.split('|')[0])).toEqual(expected);
  });

  test('stands in the configuration for every kind', () => {
    const path = join(folder, 'argocd/argocd-cm.yaml');
    const data = Object.fromEntries(
      kinds.map(({ kind }) => [`resource.customizations.health.promfleet.dev_${kind}`, script]),
    );
    const patch = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'argocd-cm', namespace: 'argocd', labels: { 'app.kubernetes.io/part-of': 'argocd' } },
      data,
    };
    const header = "# Health of promfleet's kinds, from health.lua: merge it into Argo CD's configuration.\n";
    const wanted = header + dump(patch, { lineWidth: -1, noRefs: true });
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, wanted);
    expect(readFileSync(path, 'utf8')).toBe(wanted);
  });
});

/** The rules of kstatus (sigs.k8s.io/cli-utils, pkg/kstatus, "Status Rules" with the standard conditions), without deletion. */
function kstatus({ metadata, status }: Judged): 'Current' | 'Failed' | 'InProgress' {
  const { generation } = metadata as { generation: number };
  const { observedGeneration, conditions } = status as {
    observedGeneration: number;
    conditions: readonly { type: string; status: string }[];
  };
  if (observedGeneration < generation) return 'InProgress';
  const is = (type: string, value: string) =>
    conditions.some((each) => each.type === type && each.status === value);
  // An abnormal-true condition goes before Ready; promfleet asks for a Ready condition where kstatus is content without.
  if (is('Stalled', 'True')) return 'Failed';
  if (is('Reconciling', 'True')) return 'InProgress';
  return is('Ready', 'True') ? 'Current' : 'InProgress';
}

describe('the example manifests', () => {
  test.each(['stack', 'team'])('%s are what promfleet validate takes', async (name) => {
    const { out, code } = await promfleet(folder, 'validate', name);
    expect(code, out).toBe(0);
  });

  test('of Argo CD sync in the order operator, stack, teams, by server-side apply', () => {
    const read = (name: string) =>
      loadAll(readFileSync(join(folder, 'argocd', `application-${name}.yaml`), 'utf8'))[0] as {
        metadata: { annotations: Record<string, string> };
        spec: { source: { path: string }; syncPolicy: { automated: object; syncOptions: string[] } };
      };
    const applications = ['operator', 'stack', 'team'].map(read);
    expect(applications.map(({ metadata }) => metadata.annotations['argocd.argoproj.io/sync-wave'])).toEqual([
      '0',
      '1',
      '2',
    ]);
    for (const { spec } of applications) {
      expect(spec.syncPolicy.automated).toEqual({ prune: true, selfHeal: true });
      expect(spec.syncPolicy.syncOptions).toContain('ServerSideApply=true');
      expect(readdirSync(join(folder, '../..', spec.source.path)).length).toBeGreaterThan(0);
    }
  });

  test('of Flux wait for what they depend on, and prune', () => {
    const all = readdirSync(join(folder, 'flux')).flatMap((file) =>
      loadAll(readFileSync(join(folder, 'flux', file), 'utf8')),
    ) as {
      kind: string;
      metadata: { name: string };
      spec: { prune?: boolean; wait?: boolean; path?: string; dependsOn?: { name: string }[] };
    }[];
    const kustomizations = all.filter(({ kind }) => kind === 'Kustomization');
    const names = new Set(kustomizations.map(({ metadata }) => metadata.name));
    for (const { spec } of kustomizations) {
      expect([spec.prune, spec.wait]).toEqual([true, true]);
      expect(readdirSync(join(folder, '../..', spec.path!)).length).toBeGreaterThan(0);
      for (const { name } of spec.dependsOn ?? []) expect(names).toContain(name);
    }
    expect(
      kustomizations.find(({ metadata }) => metadata.name === 'checkout-alerts')?.spec.dependsOn,
    ).toEqual([{ name: 'monitoring' }]);
  });
});
