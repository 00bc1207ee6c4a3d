import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { renderConfig, toYaml } from './config.ts';
import { type PrometheusInput, renderPrometheus } from './prometheus.ts';

const folder = join(import.meta.dirname, 'testdata');

function render(text: string): string {
  const input = load(text) as PrometheusInput & { additionalScrapeConfigs?: string };
  const stack: MonitoringStack = input.stack;
  const shards = Array.from({ length: stack.spec.prometheus?.shards ?? 1 }, (_, shard) =>
    renderConfig({ ...input, shard }),
  );
  const { manifests, faults } = renderPrometheus(input);
  const config = Object.fromEntries(shards.map(({ file }, shard) => [`shard ${shard}`, file.content]));
  return toYaml({ faults: [...faults, ...shards[0]!.faults], config, manifests });
}

test.each(readdirSync(folder))('renders %s as its golden file says', (name) => {
  const expectedPath = join(folder, name, 'expected.yaml');
  const actual = render(readFileSync(join(folder, name, 'input.yaml'), 'utf8'));
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(expectedPath, actual);
  expect(actual).toBe(readFileSync(expectedPath, 'utf8'));
});

test.each(readdirSync(folder))('renders %s with certificates as its golden file says', (name) => {
  const expectedPath = join(folder, name, 'expected-tls.yaml');
  const input = load(readFileSync(join(folder, name, 'input.yaml'), 'utf8')) as PrometheusInput;
  const { manifests } = renderPrometheus({ ...input, tls: true });
  const actual = toYaml(manifests.filter(({ kind }) => kind === 'StatefulSet'));
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(expectedPath, actual);
  expect(actual).toBe(readFileSync(expectedPath, 'utf8'));
});

test('configuration content never changes a pod template', () => {
  const input = load(readFileSync(join(folder, 'full/input.yaml'), 'utf8')) as PrometheusInput;
  const { prometheus, ...rest } = input.stack.spec;
  const changed: MonitoringStack = {
    ...input.stack,
    spec: {
      ...rest,
      externalLabels: { cluster: 'other' },
      alertmanager: { replicas: 0 },
      prometheus: {
        ...prometheus,
        scrapeInterval: '7s',
        limits: {},
        scrape: { annotatedPods: { enabled: false } },
        additionalConfig: {},
      },
    },
  };
  const sets = (stack: MonitoringStack) =>
    renderPrometheus({ ...input, stack }).manifests.filter(({ kind }) => kind === 'StatefulSet');
  expect(sets(changed)).toEqual(sets(input.stack));
});
