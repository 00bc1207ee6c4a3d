import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { toYaml } from '../prometheus/config.ts';
import { renderQuery } from './query.ts';

const folder = join(import.meta.dirname, 'testdata');

type Input = Parameters<typeof renderQuery>[0];

const read = (name: string) => load(readFileSync(join(folder, name, 'input.yaml'), 'utf8')) as Input;

test.each(readdirSync(folder))('renders %s as its golden file says', (name) => {
  const expectedPath = join(folder, name, 'expected.yaml');
  const actual = toYaml(renderQuery(read(name)));
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(expectedPath, actual);
  expect(actual).toBe(readFileSync(expectedPath, 'utf8'));
});

test.each(readdirSync(folder))('renders %s with certificates as its golden file says', (name) => {
  const expectedPath = join(folder, name, 'expected-tls.yaml');
  const { manifests } = renderQuery({ ...read(name), transport: { tls: true, prometheusTls: true } });
  const actual = toYaml(manifests.filter(({ kind }) => kind === 'Deployment'));
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(expectedPath, actual);
  expect(actual).toBe(readFileSync(expectedPath, 'utf8'));
});

test('nothing but what a query server runs with changes its pod template', () => {
  const input = read('full');
  const { prometheus, ...rest } = input.stack.spec;
  const changed: MonitoringStack = {
    ...input.stack,
    spec: {
      ...rest,
      externalLabels: { cluster: 'other' },
      alertmanager: { replicas: 0 },
      prometheus: { ...prometheus, scrapeInterval: '7s', retention: { time: '1h' }, version: 'v3.5.3' },
    },
  };
  const deployment = (stack: MonitoringStack) =>
    renderQuery({ ...input, stack }).manifests.filter(({ kind }) => kind === 'Deployment');
  expect(deployment(changed)).toEqual(deployment(input.stack));
});

test.each<[string, MonitoringStack['spec'], boolean]>([
  ['a stack that says nothing of it', {}, true],
  ['replicas 0', { query: { replicas: 0 } }, false],
  ['nothing to ask', { prometheus: { replicas: 0 } }, false],
  ['a bucket alone', { prometheus: { replicas: 0 }, objectStore: { secretRef: { name: 'bucket' } } }, true],
])('with %s, whether query servers run follows', (_title, spec, runs) => {
  const input = read('minimal');
  const { manifests } = renderQuery({ ...input, stack: { ...input.stack, spec } });
  expect(manifests.some(({ kind }) => kind === 'Deployment')).toBe(runs);
  expect(manifests.length > 0).toBe(runs);
});
