import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomBelow, seededRandom } from '../../src/base/random.ts';
import { alertmanagerConfigPath } from '../../src/render/alertmanager/assemble.ts';
import { strictPolicy } from '../../src/render/alertmanager/checks/address.ts';
import { parsePrometheusDuration } from '../../src/render/alertmanager/checks/duration.ts';
import { FaultList } from '../../src/render/alertmanager/checks/fault.ts';
import { renderRoute } from '../../src/render/alertmanager/checks/route.ts';
import { renderTimeInterval } from '../../src/render/alertmanager/checks/time-interval.ts';
import { isTimeZone } from '../../src/render/alertmanager/checks/time-zone.ts';
import { parseMatchers, printMatcher } from '../../src/render/alertmanager/matcher.ts';
import { dumpAlertmanagerYaml } from '../../src/render/alertmanager/pieces.ts';
import { renderObject } from '../../src/render/alertmanager/receivers/render-fields.ts';
import { receiverTypes } from '../../src/render/alertmanager/receivers/table.ts';
import { configOf, readCase } from '../../src/render/alertmanager/support-case.ts';
import { atLeast } from '../../src/render/alertmanager/version.ts';
import type { BundleFile } from '../../src/render/bundle/slot.ts';
import { realProgram } from '../support/programs.ts';
import { randomObject } from './alertmanager-corpus.ts';
import { AlertmanagerProcess } from './alertmanager-process.ts';

let amtool: string;
let folder: string;
let version: string;

/** Where we refuse on purpose what a load takes: it would fail or mislead at every notification. */
const stricter = [
  /^client_secret is required$/,
  // Older versions would call the text of the template as it stands.
  /^is a template, which needs Alertmanager /,
  /^alert_source_token or http_config.authorization is required$/,
  /^at most one of target_arn, topic_arn, phone_number may be set$/,
  /^max_version must not be older than min_version$/,
  /^(ca|cert|key) holds no /,
  /^must be a whole number/,
  /^must be an object$/,
  /^must be a text$/,
  /^must not be ~ or null$/,
  /^must be one of /,
  /^proxy_from_environment excludes /,
];

beforeAll(async () => {
  // Another version than the pinned one, to hold the table's `since` against.
  amtool = process.env.PROMFLEET_TEST_AMTOOL ?? (await realProgram('amtool'));
  folder = mkdtempSync(join(tmpdir(), 'promfleet-amtool-'));
  const output = await run(['--version']);
  version = `v${/version (\d+\.\d+\.\d+)/.exec(output)![1]}`;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(amtool, args, { maxBuffer: 64 * 1024 * 1024 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}

/** amtool's verdict on each text: undefined when it accepts, else what it says; some texts crash it. */
async function verdicts(texts: readonly string[]): Promise<(string | undefined)[]> {
  const files = texts.map((text, index) => {
    const file = join(folder, `c${index}.yml`);
    writeFileSync(file, text);
    return file;
  });
  const found: (string | undefined)[] = [];
  while (found.length < files.length) {
    const rest = files.slice(found.length);
    const parts = (await run(['check-config', ...rest])).split(/^Checking '/m).slice(1);
    for (const part of parts) {
      if (part.includes('goroutine ')) found.push('crash');
      else if (/FAILED/.test(part)) found.push(part.slice(part.indexOf('FAILED')).trim());
      else {
        expect(part).toContain('SUCCESS');
        found.push(undefined);
      }
    }
    expect(parts.length).toBeGreaterThan(0);
  }
  return found;
}

interface Case {
  readonly input: object;
  readonly rendered: object;
  readonly faults: readonly { readonly path: string; readonly message: string }[];
}

function corpus(name: string, count: number): readonly Case[] {
  const { schema } = receiverTypes[name]!;
  return Array.from({ length: count }, (_, index) => {
    const random = seededRandom(index * 7919 + Object.keys(receiverTypes).indexOf(name));
    const wrongPercent = index % 2 === 0 ? 0 : 4;
    const input = randomObject(schema, { random, version, fillPercent: 20 + (index % 7) * 12, wrongPercent });
    const faults = new FaultList();
    const rendered = renderObject(schema, input, 'config', {
      mode: 'rendered',
      version,
      policy: strictPolicy,
      secrets: () => undefined,
      faults,
      global: {},
      template: (text) => text,
    });
    return { input, rendered, faults: faults.faults };
  });
}

const single = (configKey: string, config: object) =>
  dumpAlertmanagerYaml({ route: { receiver: 'r' }, receivers: [{ name: 'r', [configKey]: [config] }] });

describe('receivers', () => {
  test.each(Object.keys(receiverTypes))('%s: what our checks accept is what amtool accepts', async (name) => {
    const { configKey, since } = receiverTypes[name]!;
    if (!atLeast(version, since ?? '0.0.0')) {
      const [says] = await verdicts([single(configKey, {})]);
      return expect(says).toContain('not found in type');
    }
    const cases = corpus(name, 400);
    const good = cases.filter(({ faults }) => faults.length === 0);
    expect(good.length).toBeGreaterThan(100);
    expect(cases.length - good.length).toBeGreaterThan(20);
    const ours = await verdicts(good.map(({ rendered }) => single(configKey, rendered)));
    const lenient = good.flatMap(({ input }, index) =>
      ours[index] === undefined ? [] : [{ input, says: ours[index] }],
    );
    expect(lenient.slice(0, 3)).toEqual([]);

    const bad = cases.filter(({ faults }) => faults.length > 0);
    const theirs = await verdicts(bad.map(({ input }) => single(configKey, input)));
    const strict = bad.flatMap(({ input, faults }, index) =>
      theirs[index] === undefined &&
      !faults.some(({ message }) => stricter.some((known) => known.test(message)))
        ? [{ input, faults }]
        : [],
    );
    expect(strict.slice(0, 3)).toEqual([]);
  });

  test('a real Alertmanager starts with all that our checks accept', async () => {
    const receivers = Object.entries(receiverTypes).flatMap(([name, { configKey }]) =>
      corpus(name, 120)
        .filter(({ faults }) => faults.length === 0)
        .map(({ rendered }, index) => ({ name: `${name}-${index}`, [configKey]: [rendered] })),
    );
    expect(receivers.length).toBeGreaterThan(800);
    const routes = receivers.map(({ name }) => ({ receiver: name, matchers: [`never="${name}"`] }));
    const config = dumpAlertmanagerYaml({ route: { receiver: receivers[0]!.name, routes }, receivers });
    await using server = await AlertmanagerProcess.start({ config });
    expect(await server.ready()).toBe(true);
  });
});

const corpusFolder = join(import.meta.dirname, '../../src/render/alertmanager/testdata');

/** Writes a stack's files as its reloader would, and asks amtool about the configuration. */
async function checkFiles(name: string, files: readonly BundleFile[]): Promise<string> {
  const root = join(folder, name);
  for (const { path, content } of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return run(['check-config', join(root, alertmanagerConfigPath)]);
}

describe('whole configurations', () => {
  test.each(readdirSync(corpusFolder))('amtool accepts what is rendered for %s', async (name) => {
    const { files } = configOf(readCase(join(corpusFolder, name, 'input.yaml')));
    const output = await checkFiles(name, files);
    expect(output).toContain('SUCCESS');
    expect(output).not.toContain('FAILED');
  });

  test('a real Alertmanager runs what is rendered for teams', async () => {
    const { files } = configOf(readCase(join(corpusFolder, 'teams/input.yaml')));
    const config = files.find(({ path }) => path === alertmanagerConfigPath)!.content;
    const others = Object.fromEntries(files.map(({ path, content }) => [path, content]));
    await using server = await AlertmanagerProcess.start({ config, files: others });
    const receivers = (await server.json('/api/v2/receivers')) as { name: string }[];
    expect(receivers.map(({ name }) => name)).toContain('shop/checkout/pager');
  });
});

/** Each text in a place of its own, and whether we accept it; amtool must say the same. */
async function expectAgreement(
  texts: readonly string[],
  ours: (text: string) => boolean,
  config: (text: string) => object,
): Promise<void> {
  const theirs = await verdicts(texts.map((text) => dumpAlertmanagerYaml(config(text))));
  const differing = texts.filter((text, index) => ours(text) !== (theirs[index] === undefined));
  expect(differing).toEqual([]);
}

describe('parts', () => {
  test('matchers are read as Alertmanager reads them', async () => {
    const random = seededRandom(42);
    const tokens = [
      '{',
      '}',
      ',',
      '=',
      '!=',
      '=~',
      '!~',
      '"a b"',
      'a',
      'foo',
      '"x\\"y"',
      '"',
      '\\',
      ' ',
      'ü🙂',
      "'",
      '`',
      '[a-z]+',
      '"(.*"',
      '\\n',
      '"\\n"',
      '"\\u0041"',
      '"\\xff"',
      '(',
      '~',
      '!',
      'a:b',
      '0a',
      '\u00a0',
      '\n',
    ];
    const sane = ['a="b"', 'a=~"b|c"', '"ü x"!="y"', '{a="b",c!~"d"}', 'a=b,', ' a = b '];
    const texts = Array.from({ length: 1500 }, (_, index) =>
      index < sane.length
        ? sane[index]!
        : Array.from(
            { length: 1 + randomBelow(random, 7) },
            () => tokens[randomBelow(random, tokens.length)]!,
          ).join(''),
    );
    const accepts = (text: string) => {
      const result = parseMatchers(text);
      // An empty text or name is harmless to Alertmanager and useless to people.
      return 'matchers' in result || /no matcher|name is empty/.test(result.fault.message);
    };
    await expectAgreement(texts, accepts, (text) => ({
      route: { receiver: 'r', routes: [{ matchers: [text] }] },
      receivers: [{ name: 'r' }],
    }));
  });

  test('printed matchers mean the same to Alertmanager: it accepts them all', async () => {
    const values = ['', 'a b', '"', '\\', '\\n', '\n', '\t', 'ü🙂', "'", '`', '{}', '\u2028', ',', '=~'];
    const texts = values.flatMap((value) => [
      printMatcher({ name: 'a', operator: '=', value }),
      printMatcher({ name: `n${value}`, operator: '!=', value }),
    ]);
    await expectAgreement(
      texts,
      () => true,
      (text) => ({
        route: { receiver: 'r', routes: [{ matchers: [text] }] },
        receivers: [{ name: 'r' }],
      }),
    );
  });

  const fields = [
    ['weekdays', ['monday', 'Monday:FRIDAY', 'friday:monday', 'funday', '1', 'sunday:saturday', 'a:b:c', '']],
    [
      'daysOfMonth',
      ['1', '1:5', '-3:-1', '0', '32', '-32', '5:1', '-1:5', '1:-1', '28:-1', '29:-1', 'x', '+1', '10:-20'],
    ],
    ['months', ['1', 'january:march', 'march:january', 'May', '12', 'x', '3:december']],
    ['years', ['2026', '2026:2028', '2028:2026', 'x', '-5']],
  ] as const;

  test.each(fields)('%s of time intervals are read as Alertmanager reads them', async (field, texts) => {
    const render = (text: string) => {
      const faults = new FaultList();
      const rendered = renderTimeInterval({ [field]: [text] }, '', faults);
      return { rendered, good: faults.length === 0 };
    };
    await expectAgreement(
      texts,
      (text) => render(text).good,
      (text) => ({
        route: { receiver: 'r' },
        receivers: [{ name: 'r' }],
        time_intervals: [{ name: 't', time_intervals: [render(text).rendered] }],
      }),
    );
  });

  test('time zones and times of day are read as Alertmanager reads them', async () => {
    const zones = [
      'UTC',
      'Europe/Berlin',
      'europe/berlin',
      'US/Eastern',
      'us/Eastern',
      '+01:00',
      'Mars/Olympus',
      'EST5EDT',
      'Asia/Kolkata',
    ];
    await expectAgreement(zones, isTimeZone, (location) => ({
      route: { receiver: 'r' },
      receivers: [{ name: 'r' }],
      time_intervals: [{ name: 't', time_intervals: [{ location }] }],
    }));
    const times = ['00:00-24:00', '10:00-09:00', '9:00-10:00', '24:01-24:00', '00:00-00:00', '23:59-24:00'];
    const render = (text: string, faults = new FaultList()) => {
      const [startTime = '', endTime = ''] = text.split('-');
      return {
        rendered: renderTimeInterval({ times: [{ startTime, endTime }] }, '', faults),
        good: faults.length === 0,
      };
    };
    await expectAgreement(
      times,
      (text) => render(text).good,
      (text) => ({
        route: { receiver: 'r' },
        receivers: [{ name: 'r' }],
        time_intervals: [{ name: 't', time_intervals: [render(text).rendered] }],
      }),
    );
  });

  test('durations and grouping are read as Alertmanager reads them', async () => {
    const durations = [
      '0',
      '5m',
      '1d12h',
      '1h1d',
      '',
      '5',
      '1.5h',
      '-1s',
      '300y',
      '290y',
      '1ms',
      '0s',
      '1y2w3d4h5m6s7ms',
    ];
    await expectAgreement(
      durations,
      (text) => parsePrometheusDuration(text) !== undefined,
      (group_wait) => ({
        route: { receiver: 'r', group_wait },
        receivers: [{ name: 'r' }],
      }),
    );
    const groupings = ['a', 'a,b', 'a,a', '...', '...,a', '...,...', '', 'ü 🙂', 'a,'];
    const accepts = (text: string) => {
      const faults = new FaultList();
      const names = new Set<string>();
      renderRoute({ groupBy: text.split(',') }, '', {
        faults,
        prefix: '',
        version,
        classicMode: false,
        declaredReceivers: names,
        usableReceivers: names,
        declaredIntervals: names,
        usableIntervals: names,
      });
      return faults.length === 0;
    };
    await expectAgreement(groupings, accepts, (text) => ({
      route: { receiver: 'r', group_by: text.split(',') },
      receivers: [{ name: 'r' }],
    }));
  });
});
