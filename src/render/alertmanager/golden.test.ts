import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { expect, test } from 'vitest';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import { renderAlertmanager } from './alertmanager.ts';
import { alertmanagerConfigPath } from './assemble.ts';
import { configOf, readCase } from './support-case.ts';

const folder = join(import.meta.dirname, 'testdata');

function render(name: string): string {
  const input = readCase(join(folder, name, 'input.yaml'));
  const { files, baseFaults, routes } = configOf(input);
  const { manifests, faults } = renderAlertmanager(input);
  const results = [...routes].map(([key, { fragment: _, ...result }]) => [key, result]);
  return dump(
    {
      faults: [...faults, ...baseFaults],
      routes: Object.fromEntries(results),
      files: Object.fromEntries(
        files.filter(({ path }) => !path.endsWith('.json')).map(({ path, content }) => [path, content]),
      ),
      others: files.map(({ path }) => path).filter((path) => path.endsWith('.json')),
      manifests,
    },
    { lineWidth: -1, noRefs: true },
  );
}

test.each(readdirSync(folder))('renders %s as its golden file says', (name) => {
  const expectedPath = join(folder, name, 'expected.yaml');
  const actual = render(name);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(expectedPath, actual);
  expect(actual).toBe(readFileSync(expectedPath, 'utf8'));
});

test.each(readdirSync(folder))('renders %s with certificates as its golden file says', (name) => {
  const expectedPath = join(folder, name, 'expected-tls.yaml');
  const { manifests } = renderAlertmanager({ ...readCase(join(folder, name, 'input.yaml')), tls: true });
  const sets = manifests.filter(({ kind }) => kind === 'StatefulSet');
  const actual = dump(sets, { lineWidth: -1, noRefs: true });
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(expectedPath, actual);
  expect(actual).toBe(readFileSync(expectedPath, 'utf8'));
});

test('configuration content never changes a pod template', () => {
  const input = readCase(join(folder, 'teams/input.yaml'));
  const { alertmanager, ...rest } = input.stack.spec;
  const { baseConfigSecret: _base, platformRoute: _route, ...kept } = alertmanager ?? {};
  const changed: MonitoringStack = {
    ...input.stack,
    spec: { ...rest, externalLabels: { a: 'b' }, alertmanager: kept },
  };
  const sets = (stack: MonitoringStack) =>
    renderAlertmanager({ ...input, stack }).manifests.filter(({ kind }) => kind === 'StatefulSet');
  expect(sets(changed)).toEqual(sets(input.stack));
});

test('the order of the AlertRoutes changes nothing', () => {
  const input = readCase(join(folder, 'teams/input.yaml'));
  expect(configOf({ ...input, routes: [...input.routes].reverse() }).files).toEqual(configOf(input).files);
});

test('no fault and no fragment of another object holds a secret', () => {
  for (const name of readdirSync(folder)) {
    const input = readCase(join(folder, name, 'input.yaml'));
    const { files, routes, baseFaults } = configOf(input);
    const said = JSON.stringify([
      [...routes.values()].map(({ faults, leftOut, lastGood }) => [faults, leftOut, lastGood]),
      baseFaults,
    ]);
    for (const [key, value] of Object.entries(input.secrets)) {
      expect(said).not.toContain(value.trim());
      const holders = files.filter(({ content }) => content.includes(value.trim())).map(({ path }) => path);
      const own = `routes/${key.split('/')[0]}/`;
      expect(holders.filter((path) => path !== alertmanagerConfigPath && !path.startsWith(own))).toEqual([]);
    }
  }
});
