import { describe, expect, test } from 'vitest';
import { alertmanagerFlags } from '../alertmanager/flag-table.ts';
import { prometheusFlags } from '../prometheus/flag-table.ts';
import { extraArgs, type FlagTable } from './extra-args.ts';

function outcome(table: FlagTable, version: string, name: string, value?: string): string {
  const { args, faults } = extraArgs(table, { version, path: 'p', extra: [{ name, value }] });
  return faults[0] === undefined ? args.join(' ') : `${faults[0].code}: ${faults[0].message}`;
}

describe('further flags of a server', () => {
  test.each([
    ['v3.5.3', 'query.timeout', '30s', '--query.timeout=30s'],
    ['v3.5.3', 'no-auto-gomemlimit', undefined, '--no-auto-gomemlimit'],
    [
      'v3.5.3',
      'query.timeuot',
      '30s',
      'FlagUnknown: is no flag of Prometheus v3.5.3, did you mean query.timeout?',
    ],
    ['v3.5.3', 'zzz', undefined, 'FlagUnknown: is no flag of Prometheus v3.5.3'],
    ['v3.5.3', 'constructor', undefined, 'FlagUnknown: is no flag of Prometheus v3.5.3'],
    [
      'v3.15.0',
      'zzz',
      undefined,
      'FlagUnknown: is no flag of Prometheus v3.15.0; flags newer than 3.14 are not known here',
    ],
    [
      'v3.12.9',
      'web.search.max-limit',
      '5',
      'FlagUnknown: is no flag of Prometheus v3.12.9: it came with 3.13.0',
    ],
    ['v3.13.0', 'web.search.max-limit', '5', '--web.search.max-limit=5'],
    [
      'v3.0.0',
      'alertmanager.timeout',
      '5s',
      'FlagUnknown: is no flag of Prometheus v3.0.0: it went with 3.0.0',
    ],
    ['v2.55.1', 'alertmanager.timeout', '5s', '--alertmanager.timeout=5s'],
    [
      'v3.5.3',
      'no-query.timeout',
      undefined,
      'FlagUnknown: is no flag of Prometheus v3.5.3, did you mean query.timeout?',
    ],
    ['v3.5.3', 'no-web.enable-lifecycle', undefined, 'FlagRefused: is set by the operator'],
    ['v3.5.3', 'storage.agent.path', '/x', 'FlagRefused: this stack runs Prometheus as a server'],
    ['v3.5.3', 'query.timeout', undefined, 'FlagRefused: needs a value'],
    ['v3.5.3', 'query.timeout', '', 'FlagRefused: is no duration such as 1h30m'],
    ['v3.5.3', 'query.timeout', '30m1h', 'FlagRefused: is no duration such as 1h30m'],
    ['v3.5.3', 'query.max-samples', '5k', 'FlagRefused: is no number'],
    ['v3.5.3', 'query.max-samples', '5e7', '--query.max-samples=5e7'],
    ['v3.5.3', 'rules.max-concurrent-evals', '1e1', 'FlagRefused: is no whole number'],
    ['v3.5.3', 'log.level', 'warning', 'FlagRefused: is none of debug, info, warn, error'],
    ['v3.5.3', 'web.cors.origin', '(', 'FlagRefused: is no regular expression (RE2)'],
    ['v3.5.3', 'auto-gomemlimit.ratio', '2', 'FlagRefused: is no number greater than 0 and at most 1'],
    ['v3.5.3', 'storage.tsdb.wal-segment-size', '10M', 'FlagRefused: is no size such as 512MB'],
    ['v3.5.3', 'web.external-url', "'x", 'FlagRefused: is no address such as https://example.org/path'],
    ['v3.5.3', 'web.external-url', '/prometheus', '--web.external-url=/prometheus'],
    [
      'v3.5.3',
      'web.enable-admin-api',
      'true',
      'FlagRefused: is a switch and takes no value; no- before it turns it off',
    ],
  ])('Prometheus %s takes %s=%j: %s', (version, name, value, expected) => {
    expect(outcome(prometheusFlags, version, name, value)).toBe(expected);
  });

  test.each([
    [
      'v0.31.1',
      'log.silences',
      undefined,
      'FlagUnknown: is no flag of Alertmanager v0.31.1: it came with 0.32.0',
    ],
    ['v0.33.1', 'log.silences', undefined, '--log.silences'],
    [
      'v0.33.1',
      'cluster.setle-timeout',
      '5s',
      'FlagUnknown: is no flag of Alertmanager v0.33.1, did you mean cluster.settle-timeout?',
    ],
    ['v0.33.1', 'web.external-url', '/x', 'FlagRefused: is no address such as https://example.org/path'],
  ])('Alertmanager %s takes %s=%j: %s', (version, name, value, expected) => {
    expect(outcome(alertmanagerFlags, version, name, value)).toBe(expected);
  });

  test('a flag and its negation are one flag, which the server takes once', () => {
    const extra = [{ name: 'auto-gomemlimit' }, { name: 'no-auto-gomemlimit' }];
    const { args, faults } = extraArgs(prometheusFlags, { version: 'v3.5.3', path: 'p', extra });
    expect(args).toEqual(['--auto-gomemlimit']);
    expect(faults.map(({ path, code }) => [path, code])).toEqual([['p[no-auto-gomemlimit]', 'FlagRefused']]);
  });
});
