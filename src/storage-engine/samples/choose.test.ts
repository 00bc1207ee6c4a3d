import { describe, expect, it } from 'vitest';
import { chooseSamples } from './choose.ts';

/** Times in seconds of each replica, best first; a trailing `s` is a stale marker. */
function chosen(replicas: readonly string[]): string {
  const read = replicas.map((text) => text.split(' ').filter((part) => part !== ''));
  const result = chooseSamples(
    read.map((parts) => ({
      timestamps: Float64Array.from(parts, (part) => Number.parseInt(part, 10) * 1000),
      stale: (row) => parts[row]!.endsWith('s'),
    })),
  );
  return Array.from(
    result.row,
    (row, i) => `${'abc'[result.replica[i]!]}${read[result.replica[i]!]![row]}`,
  ).join(' ');
}

describe('of replicas that scrape every 15 s', () => {
  it.each<[string, readonly string[], string]>([
    ['nothing comes of nothing', ['', ''], ''],
    ['one alone gives all it has', ['0 15 30'], 'a0 a15 a30'],
    ['the first is taken while it has no gap', ['0 15 30', '7 22 37'], 'a0 a15 a30'],
    ['equal times are taken once', ['0 15 30', '0 15 30'], 'a0 a15 a30'],
    ['a clock that is behind adds nothing', ['10 25 40 55', '9 24 39 54'], 'a10 a25 a40 a55'],
    [
      'one sample stands where the other has none for five minutes around',
      ['0 15 600', '300'],
      'a0 a15 b300 a600',
    ],
    ['a lone sample near one of the first is left out', ['0 15 30', '31'], 'a0 a15 a30'],
    [
      'a lone sample of the first goes before all of the second near it',
      ['30', '0 15 30 45'],
      'b0 b15 a30 b45',
    ],
    ['a gap is filled', ['0 15 75 90', '7 22 37 52 67 82'], 'a0 a15 b37 b52 b67 a75 a90'],
    ['what crowds the end of a gap is left out', ['0 60 75', '14 29 44 59'], 'a0 b14 b29 b44 a60 a75'],
    ['the second goes on where the first ends', ['0 15', '7 22 37 52'], 'a0 a15 b37 b52'],
    ['the second begins before the first', ['45 60', '7 22 37 52'], 'b7 b22 b37 a45 a60'],
    [
      'a third fills what two leave',
      ['0 15 120', '30 45 120', '60 75 90 105 120'],
      'a0 a15 b30 b45 c60 c75 c90 c105 a120',
    ],
    [
      'a stale marker is left out while another sees the series',
      ['0 15 30s 75', '7 22 37 52 67'],
      'a0 a15 b37 b52 b67 a75',
    ],
    ['a stale marker that all have stays', ['0 15 30s', '0 15 30s'], 'a0 a15 a30s'],
    ['a stale marker of one alone stays', ['0 15 30s'], 'a0 a15 a30s'],
    ['at the border of two blocks nothing is seen twice', ['0 15 30 45', '30 45 60'], 'a0 a15 a30 a45 b60'],
  ])('%s', (_name, replicas, expected) => {
    expect(chosen(replicas)).toBe(expected);
  });
});
