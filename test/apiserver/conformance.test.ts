import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Recorder, type Scenario } from './recorder.ts';
import { bodies } from './scenarios/bodies.ts';
import { builtins } from './scenarios/builtins.ts';
import { customResources } from './scenarios/custom-resources.ts';
import { deletion } from './scenarios/deletion.ts';
import { objects } from './scenarios/objects.ts';
import { patches } from './scenarios/patches.ts';
import { reading } from './scenarios/reading.ts';
import { serverSideApply } from './scenarios/server-side-apply.ts';
import { subresources } from './scenarios/subresources.ts';
import { send, startTarget, type Target, targetNames } from './target.ts';

const testdata = join(import.meta.dirname, 'testdata');
const scenarios: readonly Scenario[] = [
  ...objects,
  ...bodies,
  ...patches,
  ...serverSideApply,
  ...customResources,
  ...reading,
  ...deletion,
  ...builtins,
  ...subresources,
];

/**
 * Each scenario is a sequence of requests. What a real kube-apiserver answers is recorded in testdata
 * (UPDATE_GOLDEN=1 with the real target rewrites it), and both servers must answer exactly that.
 */
describe.each(targetNames)('the %s API server', (name) => {
  let target: Target;
  beforeAll(async () => {
    target = await startTarget(name);
    mkdirSync(testdata, { recursive: true });
  });
  afterAll(() => target?.stop());

  test.for(scenarios)('answers as recorded: $name', async (scenario, { skip }) => {
    skip(scenario.controllers === true && !target.hasControllers, 'there is no kube-controller-manager');
    const namespace = `t-${scenario.name.replaceAll(/[^a-z0-9]+/g, '-')}`.slice(0, 60).replace(/-$/, '');
    const recorder = new Recorder(target, namespace);
    await prepareNamespace(target, namespace);
    await scenario.run(recorder);
    const file = join(testdata, `${scenario.name.replaceAll(/[^a-z0-9]+/g, '-')}.json`);
    if (process.env.UPDATE_GOLDEN === '1' && name === 'real')
      writeFileSync(file, `${JSON.stringify(recorder.exchanges, undefined, 1)}\n`);
    expect(
      existsSync(file),
      `${file} is missing; record it with UPDATE_GOLDEN=1 PROMFLEET_APISERVER=real`,
    ).toBe(true);
    const recorded = JSON.parse(readFileSync(file, 'utf8')) as unknown;
    expect(recorder.exchanges).toEqual(recorded);
  });
});

/** A namespace with its default service account, which pods need. */
async function prepareNamespace(target: Target, name: string): Promise<void> {
  await send(target, { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name } } });
  if (!target.hasControllers)
    await send(target, {
      method: 'POST',
      path: `/api/v1/namespaces/${name}/serviceaccounts`,
      body: { metadata: { name: 'default' } },
    });
  for (let attempt = 0; attempt < 200; attempt++) {
    const answer = await send(target, {
      method: 'GET',
      path: `/api/v1/namespaces/${name}/serviceaccounts/default`,
    });
    if (answer.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no default service account came into namespace ${name}`);
}
