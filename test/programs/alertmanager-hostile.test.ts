import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { type Random, randomBelow, seededRandom } from '../../src/base/random.ts';
import type { AlertRoute, AlertRouteSpec } from '../../src/crds/alert-route.ts';
import { alertmanagerConfigPath } from '../../src/render/alertmanager/assemble.ts';
import { strictPolicy } from '../../src/render/alertmanager/checks/address.ts';
import { renderAlertmanagerConfig } from '../../src/render/alertmanager/config.ts';
import { receiverTypes } from '../../src/render/alertmanager/receivers/table.ts';
import type { BundleFile } from '../../src/render/bundle/slot.ts';
import { realProgram } from '../support/programs.ts';
import { randomObject } from './alertmanager-corpus.ts';

const nasty = [
  'plain',
  'a"b',
  "a'b",
  'line\nbreak',
  'tab\there',
  '\u2028\u0085',
  '{{ .Status }}',
  '{{',
  '{{ template "x" . }}',
  '- x: [',
  '%YAML',
  '&a *b !c',
  '# comment',
  'null',
  '~',
  'yes',
  '1e9',
  '...',
  '../../etc/passwd',
  'ü🙂',
  ' ',
  '__proto__',
  'constructor',
  '\\',
  'a: b',
  '[x]',
  '<secret>',
  '\u0000',
  '\ufeffbom',
  '\ud800',
];

const pick = <T>(random: Random, values: readonly T[]): T => values[randomBelow(random, values.length)]!;
const some = <T>(random: Random, max: number, make: () => T): T[] =>
  Array.from({ length: randomBelow(random, max + 1) }, make);

/** What a schema would let through, and more: most of it wrong somewhere. */
function hostileSpec(random: Random): AlertRouteSpec {
  const names = ['a', 'b', pick(random, nasty), pick(random, nasty)];
  const text = () => (randomBelow(random, 3) === 0 ? pick(random, nasty) : 'fine');
  const matcher = () =>
    pick(random, [
      'a="b"',
      'a=~"b|c"',
      `x=${JSON.stringify(pick(random, nasty))}`,
      `"${pick(random, nasty)}"="y"`,
      'a=~"("',
      '{}',
      'a',
      ...nasty,
    ]);
  const node = (depth: number): object => ({
    receiver: pick(random, names),
    matchers: some(random, 2, matcher),
    groupBy: some(random, 2, () => pick(random, ['a', 'b', '...', ...nasty])),
    ...(randomBelow(random, 3) === 0 ? { groupWait: pick(random, ['5s', '0', '1d', 'x', '10000y']) } : {}),
    ...(randomBelow(random, 4) === 0 ? { repeatInterval: pick(random, ['5m', '0s', 'x']) } : {}),
    ...(randomBelow(random, 4) === 0 ? { muteTimeIntervals: [pick(random, names)] } : {}),
    ...(randomBelow(random, 9) === 0 ? { [pick(random, nasty)]: 1 } : {}),
    ...(randomBelow(random, 9) === 0 ? { routes: 'x' } : {}),
    ...(depth < 3 && randomBelow(random, 2) === 0
      ? { routes: some(random, 3, () => (randomBelow(random, 12) === 0 ? null : node(depth + 1))) }
      : {}),
  });
  const receiver = (name: string) => {
    const type = pick(random, Object.keys(receiverTypes));
    const config = randomObject(receiverTypes[type]!.schema, {
      random,
      version: 'v0.33.1',
      fillPercent: 30,
      wrongPercent: randomBelow(random, 3),
    });
    return {
      name,
      ...(randomBelow(random, 2) === 0
        ? {
            webhook: {
              url: `https://hooks.example/${encodeURIComponent('x')}`,
              payload: { [pick(random, nasty)]: text() },
            },
          }
        : {}),
      ...(randomBelow(random, 3) === 0
        ? {
            slack: {
              apiURL: { secretKeyRef: { name: 's', key: pick(random, ['url', 'nasty', 'gone']) } },
              text: text(),
              title: text(),
            },
          }
        : {}),
      passThrough: [
        {
          type,
          config,
          secretFields: [
            {
              path: pick(random, [
                'url',
                'api_url',
                'webhook_url',
                'http_config.authorization.credentials',
                'x.0.y',
              ]),
              secretKeyRef: { name: 's', key: 'url' },
            },
          ],
        },
      ],
    };
  };
  return {
    receivers: [...new Set(names)].map(receiver),
    route: node(0),
    inhibitRules: some(random, 2, () => ({
      name: text(),
      sourceMatchers: [matcher()],
      targetMatchers: [matcher()],
      equal: some(random, 2, () => pick(random, nasty)),
    })),
    timeIntervals: names.slice(0, 2).map((name) => ({
      name,
      timeIntervals: [
        {
          weekdays: [pick(random, ['monday', 'monday:friday', pick(random, nasty)])],
          location: pick(random, ['UTC', 'Europe/Berlin', pick(random, nasty)]),
        },
      ],
    })),
    templates: some(random, 2, () => ({
      name: `t${randomBelow(random, 3)}`,
      text: pick(random, [
        '{{ define "x" }}y{{ end }}',
        '{{ define "slack.default.title" }}{{ end }}',
        '{{ define "a" }}{{ template "a" . }}{{ end }}',
        `{{ define ${JSON.stringify(pick(random, nasty))} }}z{{ end }}`,
        pick(random, nasty),
      ]),
    })),
  } as AlertRouteSpec;
}

test('whatever teams declare, what is rendered is a configuration that Alertmanager accepts', async () => {
  const amtool = await realProgram('amtool');
  const folder = mkdtempSync(join(tmpdir(), 'promfleet-hostile-'));
  try {
    const configs: string[] = [];
    let previous = new Map<string, BundleFile>();
    let live = 0;
    for (let seed = 0; seed < 250; seed++) {
      const random = seededRandom(seed);
      const routes = ['shop', 'payments', 'search'].map((namespace) => {
        const route: AlertRoute = {
          apiVersion: 'promfleet.dev/v1alpha1',
          kind: 'AlertRoute',
          metadata: { namespace, name: 'r', uid: namespace },
          spec: hostileSpec(random),
        };
        return { route, platform: namespace === 'search' && seed % 5 === 0 };
      });
      const { files } = renderAlertmanagerConfig({
        version: 'v0.33.1',
        policy: strictPolicy,
        routes,
        secrets: (_namespace, _name, key) =>
          key === 'url' ? 'https://hooks.example/s' : key === 'nasty' ? pick(random, nasty) : undefined,
        // Parts that are refused now may come from what was good before.
        previous,
      });
      previous = new Map(files.map((file) => [file.path, file]));
      for (const { path, content } of files) {
        const file = join(folder, String(seed), path);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, content);
        if (path === alertmanagerConfigPath) live += content.includes("- receiver: 'shop/r/") ? 1 : 0;
      }
      configs.push(join(folder, String(seed), alertmanagerConfigPath));
    }
    const { stdout } = spawnSync(amtool, ['check-config', ...configs], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    expect(stdout.split(/^Checking /m).filter((part) => part.includes('FAILED'))).toEqual([]);
    expect(stdout.match(/SUCCESS/g)?.length).toBeGreaterThanOrEqual(configs.length);
    // And the test is not empty: a good part of it is live.
    expect(live).toBeGreaterThan(50);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
