import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { customResourceDefinitions } from '../../src/crds/crd.ts';
import { realProgram } from '../support/programs.ts';
import { startTarget, type Target, targetNames } from './target.ts';

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What people type at a cluster, with the real kubectl, against both servers. */
describe.each(targetNames)('kubectl against the %s API server', (name) => {
  let target: Target;
  let program: string;
  let dir: string;

  beforeAll(async () => {
    [target, program] = [await startTarget(name), await realProgram('kubectl')];
    dir = mkdtempSync(join(tmpdir(), 'promfleet-kubectl-'));
    writeFileSync(join(dir, 'config'), JSON.stringify(target.kubeconfig()), { mode: 0o600 });
  });
  afterAll(async () => {
    await target?.stop();
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
  });

  function run(args: readonly string[], input = '', env: NodeJS.ProcessEnv = {}): Promise<Result> {
    const child = spawn(
      program,
      ['--kubeconfig', join(dir, 'config'), '--cache-dir', join(dir, 'cache'), ...args],
      {
        env: { PATH: process.env.PATH, HOME: dir, ...env },
      },
    );
    child.stdin.end(input);
    const result = { stdout: '', stderr: '' };
    child.stdout.on('data', (data: Buffer) => {
      result.stdout += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      result.stderr += data.toString();
    });
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...result })));
  }

  /** Runs to success and without a word of warning. */
  async function ok(args: readonly string[], input = '', env: NodeJS.ProcessEnv = {}): Promise<string> {
    const { code, stdout, stderr } = await run(args, input, env);
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
    return stdout;
  }

  const ruleSet = (expr: string) =>
    dump({
      apiVersion: 'promfleet.dev/v1alpha1',
      kind: 'AlertRuleSet',
      metadata: { name: 'rules', namespace: 'team' },
      spec: { groups: [{ name: 'g', rules: [{ alert: 'Down', expr }] }] },
    });

  test('installs our kinds and explains them', async () => {
    const crds = customResourceDefinitions()
      .map((crd) => dump(crd))
      .join('---\n');
    await ok(['apply', '-f', '-'], crds);
    const names = ['monitoringstacks', 'alertrulesets', 'alertroutes', 'silences'];
    for (const plural of names)
      await ok(['wait', '--for=condition=Established', '--timeout=20s', `crd/${plural}.promfleet.dev`]);
    expect(await ok(['api-resources', '--api-group=promfleet.dev', '-o', 'name'])).toContain(
      'silences.promfleet.dev',
    );
    expect(await ok(['explain', 'ars.spec.groups.rules'])).toContain('expr');
    expect(await ok(['explain', 'statefulset.spec.template.spec.containers'])).toContain('imagePullPolicy');
  });

  test('creates, applies, changes, shows and deletes', async () => {
    await ok(['create', 'namespace', 'team']);
    expect(await ok(['apply', '-f', '-'], ruleSet('up == 0'))).toContain('created');
    expect(await ok(['apply', '-f', '-'], ruleSet('up == 0'))).toContain('unchanged');
    expect(await ok(['apply', '-f', '-'], ruleSet('up == 1'))).toContain('configured');
    expect(await ok(['apply', '--server-side', '-f', '-'], ruleSet('up == 1'))).toContain(
      'serverside-applied',
    );
    expect(await ok(['diff', '-f', '-'], ruleSet('up == 1'))).toBe('');
    expect(await ok(['get', 'ars', '-n', 'team', '-o', 'wide'])).toMatch(/NAME.*READY[\s\S]*rules/);
    expect(await ok(['describe', 'ars', 'rules', '-n', 'team'])).toContain('Expr:');
    await ok(['label', 'ars', 'rules', '-n', 'team', 'tier=one']);
    await ok(['annotate', 'ars', 'rules', '-n', 'team', 'note=x']);
    expect(await ok(['get', 'ars', '-A', '-l', 'tier in (one)', '-o', 'name'])).toContain(
      'alertruleset.promfleet.dev/rules',
    );
    await ok([
      'patch',
      'ars',
      'rules',
      '-n',
      'team',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/groups/0/rules/0/alert","value":"Up"}]',
    ]);
    await ok(['edit', 'ars', 'rules', '-n', 'team'], '', { KUBE_EDITOR: 'sed -i s/Up/Edited/' });
    expect(
      await ok(['get', 'ars', 'rules', '-n', 'team', '-o', 'jsonpath={.spec.groups[0].rules[0].alert}']),
    ).toBe('Edited');
    await ok(['delete', 'ars', 'rules', '-n', 'team']);
    await ok(['create', 'configmap', 'c', '-n', 'team', '--from-literal=a=1']);
    await ok(['create', 'secret', 'generic', 's', '-n', 'team', '--from-literal=a=1']);
    expect(await ok(['get', 'cm,secret', '-n', 'team'])).toContain('Opaque');
    expect(await ok(['auth', 'can-i', 'create', 'pods'])).toContain('yes');
  });

  test('refuses unknown fields and conflicts in words that help', async () => {
    await run(['create', 'namespace', 'team']);
    const unknown = await run(['apply', '-f', '-'], `${ruleSet('up')}  bogus: 1\n`);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('unknown field "spec.bogus"');
    await ok(['apply', '--server-side', '--field-manager=one', '-f', '-'], ruleSet('up'));
    expect(await ok(['diff', '-f', '-'], ruleSet('up'))).toBe('');
    const conflict = await run(['apply', '--server-side', '--field-manager=two', '-f', '-'], ruleSet('down'));
    expect(conflict.code).toBe(1);
    expect(conflict.stderr).toContain('conflict with "one"');
  });

  test('watches', async () => {
    await run(['create', 'namespace', 'watched']);
    const watch = run([
      'get',
      'configmaps',
      '-n',
      'watched',
      '-w',
      '--request-timeout=3s',
      '--field-selector=metadata.name=w',
    ]);
    await new Promise((resolve) => setTimeout(resolve, 700));
    await ok(['create', 'configmap', 'w', '-n', 'watched', '--from-literal=a=1']);
    expect((await watch).stdout).toMatch(/w +1 /);
  });

  test('waits for a namespace to go', async ({ skip }) => {
    skip(!target.hasControllers, 'there is no kube-controller-manager');
    await run(['create', 'namespace', 'watched']);
    await ok(['delete', 'namespace', 'watched', '--timeout=60s']);
  });

  test('shows a StatefulSet and its pods', async () => {
    await run(['create', 'namespace', 'team']);
    const set = {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'web', namespace: 'team' },
      spec: {
        serviceName: 'web',
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'c', image: 'i:1' }] },
        },
      },
    };
    await ok(['apply', '-f', '-'], dump(set));
    await ok(['scale', 'statefulset', 'web', '-n', 'team', '--replicas=3']);
    expect(await ok(['get', 'statefulset', '-n', 'team', '-o', 'wide'])).toMatch(/web +0\/3/);
    expect(await ok(['describe', 'statefulset', 'web', '-n', 'team'])).toContain('3 desired');
    await ok(['delete', 'statefulset', 'web', '-n', 'team', '--cascade=orphan']);
  });
});
