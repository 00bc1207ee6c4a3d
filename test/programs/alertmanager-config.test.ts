import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { dumpAlertmanagerYaml } from '../../src/render/alertmanager/assemble.ts';
import { strictPolicy } from '../../src/render/alertmanager/checks/address.ts';
import { FaultList } from '../../src/render/alertmanager/checks/fault.ts';
import { renderObject } from '../../src/render/alertmanager/receivers/render-fields.ts';
import { receiverTypes } from '../../src/render/alertmanager/receivers/table.ts';
import { realProgram } from '../support/programs.ts';
import { randomObject } from './alertmanager-corpus.ts';
import { AlertmanagerProcess } from './alertmanager-process.ts';

let amtool: string;
let folder: string;
let version: string;

/** Where we refuse on purpose what a load takes: it would fail or mislead at every notification. */
const stricter = [
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
  amtool = await realProgram('amtool');
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
    const input = randomObject(schema, { random, fillPercent: 20 + (index % 7) * 12, wrongPercent });
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
    const { configKey } = receiverTypes[name]!;
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
