import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { sarifFaults } from '../../../test/support/sarif.ts';
import { limits } from '../../base/limits.ts';
import { examples } from '../../crds/examples.ts';
import type { CliIo } from '../io.ts';
import { buildProgram } from '../program.ts';
import { ManifestChecker } from './check-manifests.ts';
import { parseDocuments } from './manifest-document.ts';
import type { ManifestFault } from './manifest-fault.ts';
import { runValidate } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'promfleet-validate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const defaults = {
  prometheus: 'v3.5.3',
  alertmanager: 'v0.33.1',
  featureFlags: [],
  nowMs: Date.parse('2026-11-21T12:00:00Z'),
};

function faultsOf(text: string, more: Readonly<Record<string, string>> = {}): ManifestFault[] {
  const checker = new ManifestChecker(defaults);
  for (const [name, content] of Object.entries({ 'a.yaml': text, ...more }))
    checker.addFile({ name, text: content });
  checker.finish();
  return checker.faults;
}

const places = (text: string, more?: Readonly<Record<string, string>>) =>
  faultsOf(text, more).map((fault) => `${fault.file}:${fault.line}:${fault.column ?? ''} ${fault.code}`);

function header(kind: string, name = 'x', namespace = 'shop'): string {
  return `apiVersion: promfleet.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}, namespace: ${namespace}}\n`;
}

const ruleSet = (rules: string, name = 'x') =>
  `${header('AlertRuleSet', name)}spec:\n  groups:\n    - name: g\n      rules:\n${rules}`;

describe('faults point at the right line and column', () => {
  it.each([
    ['plain', `        - {alert: A, expr: up == == 1}\n`, '8:34'],
    ['double quotes', `        - {alert: A, expr: "up == == 1"}\n`, '8:35'],
    ['double quotes with escapes', `        - {alert: A, expr: "up{a=\\"b\\"} == == 1"}\n`, '8:44'],
    ['single quotes', `        - {alert: A, expr: 'up{a=''b''} == == 1'}\n`, '8:44'],
    [
      'literal block',
      `        - alert: A\n          expr: |\n            up\n              == == 1\n`,
      '11:18',
    ],
    [
      'folded block',
      `        - alert: A\n          expr: >-\n            up\n            == == 1\n`,
      '11:16',
    ],
    ['plain over lines', `        - alert: A\n          expr: up\n            == == 1\n`, '10:16'],
    ['wide characters before', `        - {alert: ü😀, expr: up == == 1}\n`, '8:35'],
  ])('in a scalar in %s', (_style, rules, place) => {
    expect(places(ruleSet(rules))).toEqual([`a.yaml:${place} InvalidExpression`]);
  });

  it.each([
    [
      'an unknown field, at its name',
      `        - alert: A\n          exprr: up\n          expr: up\n`,
      '9:11 FieldUnknown',
    ],
    ['a missing field, at the object', `        - alert: A\n`, '8:11 FieldMissing'],
    ['a wrong type, at the value', `        - alert: A\n          expr: [up]\n`, '9:17 FieldTypeWrong'],
    ['an empty value, at its name', `        - alert: A\n          expr:\n`, '9:11 FieldMissing'],
    [
      'a reserved label, at its name',
      `        - {alert: A, expr: up, labels: {promfleet_team: x}}\n`,
      '8:41 ReservedLabel',
    ],
    [
      'twice the same rule, as a warning',
      `        - {alert: A, expr: up}\n        - {alert: A, expr: up}\n`,
      '9:11 RuleDuplicate',
    ],
  ])('for %s', (_name, rules, place) => {
    expect(places(ruleSet(rules))).toEqual([`a.yaml:${place}`]);
  });

  it('through an alias, at the anchored text', () => {
    const rules = `        - {alert: A, expr: &e up == == 1}\n        - {alert: B, expr: *e}\n`;
    expect(places(ruleSet(rules))).toEqual([
      'a.yaml:8:37 InvalidExpression',
      'a.yaml:8:37 InvalidExpression',
    ]);
  });

  it('in later documents and items of a List', () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n  - ${header('Silence').replaceAll('\n', '\n    ')}spec: {matchers: [x], comment: c, duration: 1h}\n`;
    expect(places(`# first\n---\n# nothing\n---\n${list}`)).toEqual(['a.yaml:11:24 InvalidMatcher']);
  });
});

describe('each sound part is judged although another has a fault', () => {
  it('rules of one group', () => {
    const rules = `        - {alert: A, exp: up}\n        - {alert: B, expr: sum(}\n`;
    expect(places(ruleSet(rules))).toEqual([
      'a.yaml:8:11 FieldMissing',
      'a.yaml:8:22 FieldUnknown',
      'a.yaml:9:32 InvalidExpression',
    ]);
  });

  it('documents of one file', () => {
    expect(places(`a: [b\n---\n${ruleSet('        - {alert: A, expr: sum(}\n')}---\n\tx: y\n`)).toEqual([
      'a.yaml:2:1 NotYaml',
      'a.yaml:10:32 InvalidExpression',
      'a.yaml:12:1 NotYaml',
    ]);
  });
});

describe('kinds', () => {
  it('of others are left alone, of ours misspelt are told', () => {
    const text = [
      'apiVersion: v1\nkind: Secret\n',
      'just: values\n',
      'apiVersion: promfleet.dev/v1alpha1\nkind: AlertRuleset\n',
      'apiVersion: promfleet.dev/v1\nkind: Silence\n',
    ].join('---\n');
    expect(faultsOf(text).map((fault) => fault.message)).toEqual([
      'no kind "AlertRuleset"; did you mean AlertRuleSet?',
      'no apiVersion "promfleet.dev/v1"; it must be promfleet.dev/v1alpha1',
    ]);
  });

  it('declared twice are told with the first place', () => {
    const text = ruleSet('        - {alert: A, expr: up}\n');
    expect(faultsOf(text, { 'b.yaml': text })).toMatchObject([
      {
        file: 'b.yaml',
        line: 3,
        code: 'ObjectDuplicate',
        message: 'AlertRuleSet shop/x is declared already at a.yaml:1',
      },
    ]);
  });

  it('without a valid name are told', () => {
    expect(
      places(`${header('Silence', 'Not_Valid')}spec: {matchers: [a=b], comment: c, duration: 1h}\n`),
    ).toEqual(['a.yaml:3:18 FieldValueInvalid']);
  });
});

it('stacks are rendered, and what the operator would leave out is told', () => {
  const text = `${header('MonitoringStack')}spec:
  prometheus:
    version: v2.40.0
    extraArgs: [{name: config.file, value: /etc/passwd}]
    additionalConfig: {remote_write: [{url: http://x, bearer_token_file: /etc/shadow}]}
  alertmanager: {version: v0.20.0}
`;
  expect(places(text)).toEqual([
    'a.yaml:6:14 VersionUnsupported',
    'a.yaml:7:17 FlagRefused',
    'a.yaml:8:74 FileFieldRefused',
    'a.yaml:9:27 VersionUnsupported',
  ]);
});

it.each([
  ["schedule: {cron: '0 2 * * 0', duration: 1h, timeZone: Europe/Berlin}", []],
  ["schedule: {cron: '61 2 * * 0', duration: 1h}", ['4:54 InvalidSchedule']],
  ["schedule: {cron: '0 2 30 2 *', duration: 1h}", ['4:54 InvalidSchedule']],
  ["schedule: {cron: '0 2 * * *', duration: 1h, timeZone: Mars/Base}", ['4:91 InvalidSchedule']],
  ['endsAt: 2020-01-01T00:00:00Z', []],
])('a Silence with %s', (time, faults) => {
  expect(places(`${header('Silence')}spec: {matchers: [a=b], comment: c, ${time}}\n`)).toEqual(
    faults.map((fault) => `a.yaml:${fault}`),
  );
});

it('routes are compiled, and addresses that a platform may allow are a warning', () => {
  const text = `${header('AlertRoute')}spec:
  receivers:
    - name: a
      webhook: {url: 'http://127.0.0.1:1/'}
      slack: {channel: '#x'}
    - name: b
      email: {to: a@b.c}
      passThrough: [{type: webhook, config: {url_file: /etc/passwd}}]
  route:
    receiver: a
    routes: [{receiver: c, matchers: ['x=~"("']}]
`;
  expect(faultsOf(text)[0]?.path).toBe('spec.receivers[a].webhook.url');
  expect(faultsOf(text).map((fault) => `${fault.line} ${fault.severity} ${fault.code}`)).toEqual([
    '7 warning AddressRefused',
    '11 error FileFieldRefused',
    '14 error UnknownReceiver',
    '14 error InvalidMatcher',
  ]);
});

it('contents of Secrets, which are not known offline, make no fault', () => {
  const secret = '{secretKeyRef: {name: s, key: k}}';
  const text = `${header('AlertRoute')}spec:
  receivers:
    - name: a
      webhook:
        urlFrom: ${secret}
        httpConfig:
          authorization: {credentials: ${secret}}
          tlsConfig: {ca: ${secret}, cert: ${secret}, key: ${secret}}
      pagerduty: {routingKey: ${secret}}
      email: {to: a@b.c, authPassword: ${secret}, tlsConfig: {ca: ${secret}}}
      telegram: {chatID: 1, botToken: ${secret}}
      passThrough:
        - type: webhook
          config: {url: 'http://x.example/', http_config: {tls_config: {insecure_skip_verify: true}}}
          secretFields: [{path: http_config.tls_config.ca, secretKeyRef: {name: s, key: k}}]
  route: {receiver: a}
`;
  expect(faultsOf(text)).toEqual([]);
});

it('expressions are judged by the stacks beside them', () => {
  const stack = (name: string, version: string, flags = '') =>
    `${header('MonitoringStack', name)}spec: {prometheus: {version: ${version}${flags}}}\n`;
  const set = ruleSet('        - {alert: A, expr: "limitk(1, up)"}\n');
  const flags = ', featureFlags: [promql-experimental-functions]';
  expect(faultsOf(set)).toHaveLength(1);
  expect(faultsOf(set, { 'b.yaml': stack('a', 'v3.5.0', flags) })).toEqual([]);
  const both = faultsOf(set, { 'b.yaml': `${stack('a', 'v3.5.0', flags)}---\n${stack('b', 'v3.4.0')}` });
  expect(both.map((fault) => fault.message)).toMatchObject([expect.stringContaining('(Prometheus v3.4.0)')]);
});

describe('scalars are read as kubectl reads them', () => {
  it.each([
    ['yes', 'FieldTypeWrong'],
    ['on', 'FieldTypeWrong'],
    ['12', 'FieldTypeWrong'],
    ['0755', 'FieldTypeWrong'],
    ['~', undefined],
    ['12:30', undefined],
    ['2026-11-20T22:00:00Z', undefined],
    ['"yes"', undefined],
  ])('%s', (text, code) => {
    const rules = `        - {alert: A, expr: up, labels: {a: ${text}}}\n`;
    expect(faultsOf(ruleSet(rules)).map((fault) => fault.code)).toEqual(code === undefined ? [] : [code]);
  });
});

describe('hostile input ends in a clear fault', () => {
  const laughs = ['a: &a [x,x,x,x,x,x,x,x,x]'];
  for (let level = 1; level < 12; level++) {
    const [name, below] = [String.fromCharCode(97 + level), String.fromCharCode(96 + level)];
    laughs.push(`${name}: &${name} [${Array(9).fill(`*${below}`).join(',')}]`);
  }

  it.each([
    ['aliases that multiply', laughs.join('\n'), 'LimitExceeded'],
    ['an alias of itself', 'a: &a [*a]', undefined],
    ['deep flow nesting', '['.repeat(100_000), undefined],
    ['deep flow nesting that is closed', `${'['.repeat(20_000)}${']'.repeat(20_000)}`, undefined],
    [
      'deep block nesting',
      Array.from({ length: 3000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      undefined,
    ],
    ['a document beyond the limit', `a: ${'x'.repeat(limits.manifestDocumentBytes)}`, 'LimitExceeded'],
    ['control characters', 'a: \u0000\u0007\u001b[31m', undefined],
    ['text that is no YAML', '%!PS-Adobe-3.0\n{{ if }}\n\t- x: [\n', 'NotYaml'],
    ['the same key twice', 'a: 1\na: 2\n', 'NotYaml'],
    ['tabs', 'a:\n\t- b\n', 'NotYaml'],
  ])('%s', (_name, text, code) => {
    const faults = faultsOf(text);
    if (code !== undefined) expect(faults.map((fault) => fault.code)).toContain(code);
    expect(faultsOf(`${text}\n---\n${ruleSet('        - {alert: A, expr: sum(}\n')}`).at(-1)).toMatchObject({
      code: 'InvalidExpression',
    });
  });

  it('5,000 bad rules in a group give a bounded number of faults', () => {
    const rules = Array.from(
      { length: 5000 },
      (_, i) => `        - {alert: A${i}, expr: "sum(rate(up[5m])"}\n`,
    );
    const faults = faultsOf(ruleSet(rules.join('')));
    expect(faults).toHaveLength(limits.objectFaults);
  });

  it('any text gives faults with places inside the file, and never an exception', () => {
    const piece = fc.constantFrom(
      'a',
      ':',
      ' ',
      '\n',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '"',
      "'",
      '&x ',
      '*x',
      '|',
      '>',
      '\t',
      '---\n',
      '<<: ',
      '#',
      'ü',
      '\u0000',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = `${header('AlertRuleSet')}spec:\n  groups: ${pieces.join('')}`;
        const lines = text.split('\n').length;
        for (const fault of faultsOf(text)) {
          expect(fault.line).toBeGreaterThan(0);
          expect(fault.line).toBeLessThanOrEqual(lines);
        }
      }),
      { numRuns: 300 },
    );
  });
});

it('documents that hold nothing are left out', () => {
  expect([...parseDocuments('---\n# x\n---\n\n---\na: 1\n')]).toHaveLength(1);
});

it.each(Object.entries(examples))('the example of %s is valid', (_kind, text) => {
  expect(faultsOf(text)).toEqual([]);
});

it('one object full of faults leaves room for those of others', () => {
  const rule = (index: number) => `        - {alert: A${index}, expr: 'up =='}\n`;
  const many = ruleSet(Array.from({ length: 5001 }, (_, index) => rule(index)).join(''));
  expect(places(many, { 'b.yaml': ruleSet(rule(0), 'other') }).slice(limits.objectFaults)).toEqual([
    'b.yaml:8:35 InvalidExpression',
  ]);
});

it('says of an object of ours that has no kind that it is missing, and leaves other documents alone', () => {
  expect(places('apiVersion: promfleet.dev/v1alpha1\nspec: {}\n')).toEqual(['a.yaml:1:1 FieldMissing']);
  expect(places('apiVersion: v1\nmetadata: {}\n---\n- a\n---\nhello\n')).toEqual([]);
});

describe('the command', () => {
  function write(name: string, content: string | Buffer): void {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  write('good/rules.yaml', ruleSet('        - {alert: A, expr: up == 0}\n'));
  write('bad/sub/rules.yml', ruleSet('        - {alert: A, expr: sum(}\n'));
  write('bad/latin.yaml', Buffer.from('a: b\nc: \xe4\xf6\n', 'latin1'));
  write('bad/notes.txt', 'a: [');
  write('bad/.hidden/x.yaml', 'a: [');
  write('bad/data.json', '{\n\t"apiVersion": "promfleet.dev/v1alpha1", "kind": "Nope"}');
  write('bad/escape.yaml', `${header('Silence', '"\\e[31m"')}spec: {}\n`);

  function io() {
    const seen = { out: '', err: '', code: 0 };
    const port: CliIo = {
      out: (text) => {
        seen.out += text;
      },
      err: (text) => {
        seen.err += text;
      },
      env: {},
      cwd: folder,
      colors: false,
      columns: undefined,
      setExitCode: (code) => {
        seen.code = code;
      },
    };
    return { port, seen };
  }

  async function run(...args: string[]) {
    const { port, seen } = io();
    try {
      await buildProgram(port).parseAsync(['validate', ...args], { from: 'user' });
    } catch (error) {
      seen.code = (error as { exitCode: number }).exitCode;
    }
    return seen;
  }

  it('ends with 0 and says what it checked when nothing is wrong', async () => {
    expect(await run('good')).toEqual({ out: 'no faults: 1 object in 1 file checked\n', err: '', code: 0 });
  });

  it('ends with 1 and prints places, codes and what to do', async () => {
    const { out, code } = await run('bad', 'good/rules.yaml');
    expect(code).toBe(1);
    expect(out).toContain('bad/sub/rules.yml\n');
    expect(out).toContain('8:32  error    InvalidExpression');
    expect(out).toContain('bad/latin.yaml');
    expect(out).toContain('NotUtf8');
    expect(out).toContain('no kind "Nope"');
    expect(out).not.toContain('notes.txt');
    expect(out).not.toContain('.hidden');
    expect(out).not.toContain('\u001b');
  });

  it('prints JSON', async () => {
    const { out, code } = await run('bad', '--json');
    const { faults, summary } = JSON.parse(out) as { faults: ManifestFault[]; summary: { errors: number } };
    expect(code).toBe(1);
    expect(faults).toHaveLength(summary.errors);
    expect(faults).toContainEqual(
      expect.objectContaining({ file: 'bad/latin.yaml', line: 2, code: 'NotUtf8' }),
    );
  });

  it('prints SARIF with relative addresses, places and rules', async () => {
    const { out } = await run('bad/sub', '--sarif');
    const log = JSON.parse(out) as {
      version: string;
      runs: { results: unknown[]; tool: { driver: { rules: unknown[] } } }[];
    };
    expect(log.version).toBe('2.1.0');
    expect(log.runs[0]!.tool.driver.rules).toMatchObject([{ id: 'InvalidExpression' }]);
    expect(log.runs[0]!.results).toMatchObject([
      {
        ruleId: 'InvalidExpression',
        ruleIndex: 0,
        level: 'error',
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: 'bad/sub/rules.yml', uriBaseId: 'ROOT' },
              region: { startLine: 8, startColumn: 32 },
            },
            logicalLocations: [{ fullyQualifiedName: 'AlertRuleSet shop/x spec.groups[0].rules[0].expr' }],
          },
        ],
      },
    ]);
  });

  it.each([['bad'], ['good'], ['bad', 'good/rules.yaml']])(
    'prints SARIF as the standard has it: %s',
    async (...paths) => {
      const { out } = await run(...paths, '--sarif');
      expect(sarifFaults(out)).toEqual([]);
    },
  );

  it.each([
    ['a path that does not exist', ['nowhere']],
    ['no path', []],
    ['an unknown option', ['good', '--yaml']],
    ['two output forms', ['good', '--json', '--sarif']],
    ['no version', ['good', '--prometheus-version', 'newest']],
  ])('ends with 2 on %s', async (_name, args) => {
    const { code, err } = await run(...args);
    // Commander leaves its own code to the caller, which turns it into 2.
    expect([1, 2]).toContain(code);
    expect(err).not.toBe('');
  });

  it('reads standard input', async () => {
    const { port, seen } = io();
    const options = { prometheusVersion: 'v3.5.3', alertmanagerVersion: 'v0.33.1' };
    const code = await runValidate(['-'], options, port, Readable.from([Buffer.from('a: [')]));
    expect(code).toBe(1);
    expect(seen.out).toContain('<stdin>');
  });
});
