import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { toYaml } from '../prometheus/config.ts';
import { renderCompactor } from './compactor.ts';

const folder = join(import.meta.dirname, 'testdata');

type Input = Parameters<typeof renderCompactor>[0];

const read = (name: string) => load(readFileSync(join(folder, name, 'input.yaml'), 'utf8')) as Input;

test.each(readdirSync(folder))('renders %s as its golden file says', (name) => {
  const expectedPath = join(folder, name, 'expected.yaml');
  const actual = toYaml(renderCompactor(read(name)));
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(expectedPath, actual);
  expect(actual).toBe(readFileSync(expectedPath, 'utf8'));
});

test.each(readdirSync(folder))('renders %s with certificates as its golden file says', (name) => {
  const expectedPath = join(folder, name, 'expected-tls.yaml');
  const { manifests } = renderCompactor({ ...read(name), tls: true });
  const actual = toYaml(manifests.filter(({ kind }) => kind === 'StatefulSet'));
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(expectedPath, actual);
  expect(actual).toBe(readFileSync(expectedPath, 'utf8'));
});

test.each<[string, MonitoringStack['spec'], boolean]>([
  ['no bucket', {}, false],
  ['a bucket alone', { objectStore: { secretRef: { name: 'bucket' } } }, false],
  ['a bucket and a compactor', { objectStore: { secretRef: { name: 'bucket' } }, compactor: {} }, true],
  [
    'a bucket that another system compacts',
    { objectStore: { secretRef: { name: 'bucket' } }, compactor: { replicas: 0 } },
    false,
  ],
])('with %s, whether a compactor runs follows', (_title, spec, runs) => {
  const input = read('minimal');
  const { manifests } = renderCompactor({ ...input, stack: { ...input.stack, spec } });
  expect(manifests.some(({ kind }) => kind === 'StatefulSet')).toBe(runs);
  expect(manifests.length > 0).toBe(runs);
});

test('what lives how long changes no pod template', () => {
  const input = read('full');
  const changed: MonitoringStack = {
    ...input.stack,
    spec: {
      ...input.stack.spec,
      externalLabels: { cluster: 'other' },
      compactor: { ...input.stack.spec.compactor, retentionDefault: [{ resolution: 'raw', duration: '1d' }] },
    },
  };
  expect(renderCompactor({ ...input, stack: changed }).manifests).toEqual(renderCompactor(input).manifests);
});
