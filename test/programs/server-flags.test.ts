import { execFile } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { alertmanagerFlags } from '../../src/render/alertmanager/flag-table.ts';
import { prometheusFlags } from '../../src/render/prometheus/flag-table.ts';
import { covers, extraArgs, type FlagKind, type FlagTable } from '../../src/render/workload/extra-args.ts';
import { realProgram } from '../support/programs.ts';

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

function run(program: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(program, [...args], { timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({
        code: typeof error?.code === 'number' ? error.code : error === null ? 0 : null,
        output: stdout + stderr,
      }),
    );
  });
}

/** `--name` of the program's help with whether it is a switch; `-h` and the like are left out. */
function helpFlags(help: string): ReadonlyMap<string, boolean> {
  const found = new Map<string, boolean>();
  for (const [, negated, name] of help.matchAll(/^ {2,8}--(\[no-\])?([a-z][a-z0-9.-]*)/gm))
    if (!['help', 'help-long', 'version'].includes(name!)) found.set(name!, negated !== undefined);
  return found;
}

/** Flags that distributions take away from their packages. */
const takenAway = new Set(['web.enable-otlp-receiver']);

/** Values that our table takes and refuses, by kind. The server must agree on each. */
const samples: Readonly<Record<string, { good: readonly string[]; bad: readonly string[] }>> = {
  duration: { good: ['1h30m', '0', '1d'], bad: ['30m1h', '1.5h', '5'] },
  goDuration: { good: ['1h30m', '1.5h', '0', '30m1h'], bad: ['5', '1h30', 'x'] },
  number: { good: ['12', '1e3', '5e7'], bad: ['5k', '0x10', 'x'] },
  integer: { good: ['12', '-1', '+3'], bad: ['1e1', '1.5', '08'] },
  ratio: { good: ['0.5', '1', '1.0', '.25'], bad: ['x', '0.5.1'] },
  bytes: { good: ['16MB', '16MiB', '1.5GB', '10B'], bad: ['16M', '16', 'MB'] },
  regex: { good: ['https?://(a|b)\\.org'], bad: ['('] },
};

function samplesOf(kind: FlagKind): { good: readonly string[]; bad: readonly string[] } {
  if (typeof kind === 'object' && 'fault' in kind) throw new Error('BUG: a form of our own programs');
  if (typeof kind !== 'string') return { good: kind, bad: ['promfleet'] };
  return samples[kind] ?? { good: [], bad: [] };
}

describe.each([
  { name: 'prometheus' as const, table: prometheusFlags, refusal: /error|could not|unknown/i },
  { name: 'alertmanager' as const, table: alertmanagerFlags, refusal: /error/i },
])('the flags of $name', ({ name, table }) => {
  const found = (async () => {
    const program = await realProgram(name);
    const { output } = await run(program, ['--version']);
    const version = /version (\d+\.\d+\.\d+)/.exec(output)?.[1];
    if (version === undefined) throw new Error(`${name} does not tell its version: ${output}`);
    return { program, version: `v${version}` };
  })();

  test('are in the table, as switches where they are ones', async () => {
    const { program, version } = await found;
    const flags = helpFlags((await run(program, ['--help'])).output);
    expect(flags.size).toBeGreaterThan(25);
    for (const [flag, isSwitch] of flags) {
      const row = table.rows[flag];
      expect(row, flag).toBeDefined();
      expect(covers(table, row!, version), `${flag} in ${version}`).toBe(true);
      expect(row!.kind === 'switch', `${flag} is a switch`).toBe(isSwitch);
    }
  });

  test('are all known to the server, hidden ones too, and a flag of another version is not', async () => {
    const { program, version } = await found;
    for (const [flag, row] of Object.entries(table.rows)) {
      if (row.refused !== undefined || takenAway.has(flag)) continue;
      const arg = row.kind === 'switch' ? `--${flag}` : `--${flag}=1`;
      const { output } = await run(program, [arg, '--version']);
      expect(!/unknown long flag/.test(output), `${flag} of ${version}: ${output}`).toBe(
        covers(table, row, version),
      );
    }
  });

  test('take the values that the table lets through, and no others of these', async () => {
    const { program, version } = await found;
    const seen = new Set<string>();
    for (const [flag, row] of Object.entries(table.rows)) {
      const kind = JSON.stringify(row.kind);
      if (row.refused !== undefined || !covers(table, row, version) || seen.has(kind)) continue;
      seen.add(kind);
      const { good, bad } = samplesOf(row.kind);
      for (const value of [...good, ...bad]) {
        const { args } = ours(table, version, flag, value);
        expect(args.length > 0, `we take --${flag}=${value}`).toBe(good.includes(value));
        // The server reads all flags before it misses its configuration.
        const { output } = await run(
          program,
          ['--config.file=/nonexistent/promfleet', '--storage.path=/nonexistent/promfleet']
            .slice(0, name === 'prometheus' ? 1 : 2)
            .concat(`--${flag}=${value}`),
        );
        expect(/\/nonexistent\/promfleet/.test(output), `--${flag}=${value}: ${output}`).toBe(
          good.includes(value),
        );
      }
    }
  });
});

function ours(table: FlagTable, version: string, name: string, value: string) {
  return extraArgs(table, { version, path: 'spec', extra: [{ name, value }] });
}
