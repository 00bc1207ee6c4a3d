import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { CliIo } from '../../src/cli/io.ts';
import { showStatus } from '../../src/cli/status/run.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { type ReconcileServer, startReconcileServer } from '../support/reconcile-server.ts';
import { targetNames } from './target.ts';

/** `promfleet status` against an API server, without an operator: it shows what the objects say, no more. */
let server: ReconcileServer;
const apiVersion = 'promfleet.dev/v1alpha1';
const namespace = 'status-shop';
const lastTransitionTime = '2026-11-21T12:00:00Z';

const ruleSet = (name: string): KubeObject =>
  ({
    apiVersion,
    kind: 'AlertRuleSet',
    metadata: { name, namespace },
    spec: { groups: [{ name: 'g', rules: [{ alert: 'A', expr: 'up' }] }] },
  }) as KubeObject;

beforeAll(async () => {
  // Either server will do: what is tested is how we read.
  server = await startReconcileServer(targetNames.at(-1)!);
  const { admin } = server;
  await admin.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { fieldManager: 'test' },
  );
  // More than one page.
  for (let index = 0; index < 520; index += 40)
    await Promise.all(
      Array.from({ length: 40 }, (_, offset) =>
        admin.apply(ruleSet(`set-${index + offset}`), { fieldManager: 'test' }),
      ),
    );
  const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime };
  const status = { observedGeneration: 1, loaded: '2/2', conditions: [ready] };
  await admin.apply({ ...ruleSet('set-7'), spec: undefined, status } as unknown as KubeObject, {
    fieldManager: 'test',
    subresource: 'status',
  });
});
afterAll(async () => {
  await server?.close();
});

async function status(options: Parameters<typeof showStatus>[1]) {
  let text = '';
  const io: CliIo = {
    out: (part) => {
      text += part;
    },
    err: () => {},
    env: {},
    cwd: '/',
    colors: false,
    columns: undefined,
    setExitCode: () => {},
  };
  const code = await showStatus(server.admin, options, io, systemClock);
  return { text, code };
}

it('reads all pages and ends with 1 while something is not ready', async () => {
  const { text, code } = await status({ namespace, json: true });
  const picture = JSON.parse(text) as { ruleSets: { name: string; ready: string; stages: unknown }[] };
  expect(code).toBe(1);
  expect(picture.ruleSets).toHaveLength(520);
  expect(picture.ruleSets.filter((set) => set.ready === 'True')).toMatchObject([
    { name: 'set-7', stages: { LOADED: '2/2' } },
  ]);
});

it('ends with 0 where nothing is', async () => {
  expect(await status({ namespace: 'nowhere' })).toMatchObject({ code: 0 });
});
