import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { promfleet } from '../../test/support/cli.ts';
import { extraArgs, type FlagTable } from '../render/workload/extra-args.ts';
import { compactorFlags, queryFlags } from '../render/workload/own-flags.ts';
import { buildProgram } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'promfleet-flags-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tables = { query: queryFlags, compact: compactorFlags } as const;
type Command = keyof typeof tables;
const commands = Object.keys(tables) as Command[];

test.each(commands)('the flags of %s in a stack are those of the command', (name) => {
  const table: FlagTable = tables[name];
  const program = buildProgram({
    out: () => {},
    err: () => {},
    env: {},
    cwd: folder,
    colors: false,
    columns: undefined,
    setExitCode: () => {},
  });
  const options = program.commands.find((command) => command.name() === name)!.options;
  const flags = options.filter((option) => option.long !== '--help');
  expect(Object.keys(table.rows).sort()).toEqual(flags.map(({ long }) => long!.slice(2)).sort());
  for (const { long, required } of flags)
    expect([long, table.rows[long!.slice(2)]!.kind === 'switch']).toEqual([long, !required]);
});

/** What the command itself says of a flag; it gets as far as its sources, of which there are none. */
async function commandSays(name: string, flag: string): Promise<string | undefined> {
  const args = name === 'query' ? ['query', flag] : ['compact', '--once', '--bucket-dir=.', flag];
  let said: string;
  try {
    ({ err: said } = await promfleet(folder, ...args));
  } catch (error) {
    said = String((error as Error).message);
  }
  return said.includes(flag.split('=')[0]!) ? said : undefined;
}

const values = [
  '0',
  '1',
  '-1',
  '1.5',
  '007',
  '1e3',
  '',
  'x',
  '64Mi',
  '63Mi',
  '2Gi',
  '512MiB',
  '1.5 GB',
  '0.0MiB',
  '10TB',
  '30s',
  '1h30m',
  '30m1h',
  '1d',
  '1.5h',
  'native',
  '10.0.0.0/8',
  '10.0.0.0/33',
  '::1/128',
  'host',
  'promql-duration-expr',
  'promql-duration-expr,nothing',
];
const cases = commands.flatMap((name) =>
  Object.entries(tables[name].rows)
    .filter(([, { kind, refused }]) => refused === undefined && kind !== 'switch' && kind !== 'text')
    .map(([flag]) => [name, flag] as const),
);

describe('what a stack takes as a value the command takes', () => {
  test.each(cases)('%s --%s', async (name, flag) => {
    let accepted = 0;
    for (const value of values) {
      const { faults } = extraArgs(tables[name], {
        version: '',
        path: 'p',
        extra: [{ name: flag, value }],
      });
      const says = await commandSays(name, `--${flag}=${value}`);
      if (faults.length > 0) expect([value, faults[0]!.code]).toEqual([value, 'FlagRefused']);
      else {
        accepted += 1;
        expect([value, says]).toEqual([value, undefined]);
      }
    }
    expect(accepted).toBeGreaterThan(flag === 'log-level' ? -1 : 0);
  });
});

test.each([
  [
    'query',
    'max-serie',
    '1',
    "FlagUnknown: is no flag of promfleet's query server, did you mean max-series?",
  ],
  ['query', 'max-series', 'many', 'FlagRefused: is no whole number above 0'],
  ['query', 'listen', 'x', 'FlagRefused: is set by the operator'],
  [
    'compact',
    'downsampling',
    undefined,
    "FlagUnknown: is no flag of promfleet's compactor, did you mean no-downsampling?",
  ],
  ['compact', 'no-no-downsampling', undefined, 'FlagUnknown'],
  ['compact', 'no-downsampling', undefined, '--no-downsampling'],
  ['compact', 'no-downsampling', 'true', 'FlagRefused: is a switch and takes no value'],
  ['compact', 'memory', '1Mi', 'FlagRefused: is no quantity of 64Mi or more'],
] as const)('%s --%s=%s: %s', (command, name, value, expected) => {
  const { args, faults } = extraArgs(tables[command], { version: '', path: 'p', extra: [{ name, value }] });
  const [fault] = faults;
  expect(fault === undefined ? args.join(' ') : `${fault.code}: ${fault.message}`).toContain(expected);
});
