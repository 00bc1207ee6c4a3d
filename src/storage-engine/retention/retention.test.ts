import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Keep,
  parseRetentionDocument,
  printRetentionDocument,
  type RetentionDocument,
  type StoredMatcher,
} from '../format/retention-document.ts';
import { type BlockTime, hiddenByAll, hiddenTime, Retention, type Verdict } from './retention.ts';
import { intersectRanges, subtractRanges, type TimeRange, uniteRanges } from './time-ranges.ts';

const dayMs = 86_400_000;
const [raw, fiveMinutes, hour] = [0, 300_000, 3_600_000];
const keep = (resolutionMs: number, days: number): Keep => ({ resolutionMs, durationMs: days * dayMs });
const is = (name: string, value: string): StoredMatcher => ({ name, op: '=', value });

function document(parts: Partial<RetentionDocument>): RetentionDocument {
  return {
    version: 1,
    generation: 1,
    writtenAtMs: 0,
    stack: 'monitoring/main',
    scope: {},
    policies: [],
    erasures: [],
    ...parts,
  };
}

const labelsOf = (labels: Record<string, string>) => (name: string) => labels[name] ?? '';

describe('the verdict on a series', () => {
  const retention = new Retention(
    document({
      defaultKeep: [keep(raw, 30)],
      policies: [
        {
          name: 'a/first',
          rules: [
            { matchers: [is('team', 'pay'), is('debug', '1')], keep: [keep(raw, 1)] },
            { matchers: [is('team', 'pay')], keep: [keep(raw, 90), keep(hour, 700)] },
          ],
        },
        {
          name: 'a/second',
          rules: [{ matchers: [is('job', 'api')], keep: [keep(raw, 10), keep(hour, 900)] }],
        },
      ],
      erasures: [
        {
          id: 'e1',
          matchers: [is('user', '7')],
          untilMs: 500,
          requestedAtMs: 500,
          reason: 'r',
          policy: 'a/first',
        },
      ],
    }),
  );

  it.each<[string, Record<string, string>, Partial<Verdict>]>([
    ['is the default where no rule takes it', { job: 'x' }, { keep: [keep(raw, 30)], conflicts: [] }],
    ['is the first rule of a policy that takes it', { team: 'pay', debug: '1' }, { keep: [keep(raw, 1)] }],
    ['is a later rule where the first does not', { team: 'pay' }, { keep: [keep(raw, 90), keep(hour, 700)] }],
    [
      'is the longest of each resolution over policies, which are named',
      { team: 'pay', job: 'api' },
      { keep: [keep(raw, 90), keep(hour, 900)], conflicts: ['a/first', 'a/second'] },
    ],
    [
      'names erasures whatever rules say',
      { team: 'pay', user: '7' },
      { erasures: ['e1'], erasedUntilMs: 500 },
    ],
  ])('%s', (_name, labels, expected) => {
    expect(retention.verdict(labelsOf(labels))).toMatchObject(expected);
  });

  it('is one object for all series of a class', () => {
    expect(retention.verdict(labelsOf({ job: 'x' }))).toBe(retention.verdict(labelsOf({ job: 'y' })));
  });

  it('concerns only blocks with the external labels of its scope', () => {
    const scoped = new Retention(document({ scope: { cluster: 'eu' } }));
    expect(
      [{ cluster: 'eu', replica: 'a' }, { cluster: 'us' }, {}].map((each) => scoped.concerns(each)),
    ).toEqual([true, false, false]);
  });
});

describe('hidden time of a block', () => {
  const verdict = (keeps: Keep[] | undefined, erasedUntilMs = Number.NEGATIVE_INFINITY): Verdict => ({
    keep: keeps,
    erasures: [],
    erasedUntilMs,
    conflicts: [],
  });
  const nowMs = 100 * dayMs;
  const days = (from: number, to: number): TimeRange => ({ startMs: from * dayMs, endMs: to * dayMs });
  const block = (
    resolutionMs: number,
    from: number,
    to: number,
    covered: Record<number, TimeRange[]> = {},
  ): BlockTime => ({
    resolutionMs,
    ...days(from, to),
    coveredAt: (resolution) => covered[resolution] ?? [],
  });

  it.each<[string, Verdict, BlockTime, TimeRange[], TimeRange[]]>([
    ['nothing without rules', verdict(undefined), block(raw, 0, 10), [], []],
    ['nothing that is young', verdict([keep(raw, 30)]), block(raw, 80, 90), [], []],
    [
      'what is past where no coarser one is kept',
      verdict([keep(raw, 30)]),
      block(raw, 65, 75),
      [days(65, 70)],
      [],
    ],
    [
      'waits for the coarser one that is kept',
      verdict([keep(raw, 30), keep(fiveMinutes, 60)]),
      block(raw, 60, 75),
      [],
      [days(60, 70)],
    ],
    [
      'what the coarser one covers',
      verdict([keep(raw, 30), keep(fiveMinutes, 60)]),
      block(raw, 60, 75, { [fiveMinutes]: [days(60, 65)] }),
      [days(60, 65)],
      [days(65, 70)],
    ],
    [
      'what is past for the coarser one too, covered or not',
      verdict([keep(raw, 30), keep(fiveMinutes, 35)]),
      block(raw, 60, 75),
      [days(60, 65)],
      [days(65, 70)],
    ],
    [
      'each stretch by the finest coarser resolution that keeps it',
      verdict([keep(raw, 30), keep(fiveMinutes, 35), keep(hour, 90)]),
      block(raw, 60, 75, { [hour]: [days(0, 100)] }),
      [days(60, 65)],
      [days(65, 70)],
    ],
    [
      'a resolution that is not kept waits likewise',
      verdict([keep(raw, 30), keep(hour, 90)]),
      block(fiveMinutes, 60, 75, { [hour]: [days(60, 66)] }),
      [days(60, 66)],
      [days(66, 75)],
    ],
    [
      'a coarse one for which no coarser exists',
      verdict([keep(raw, 30)]),
      block(hour, 80, 90),
      [days(80, 90)],
      [],
    ],
    [
      'what is erased, though it is young or waits',
      verdict([keep(raw, 30), keep(fiveMinutes, 60)], 68 * dayMs),
      block(raw, 60, 75),
      [days(60, 68)],
      [days(68, 70)],
    ],
  ])('%s', (_name, decided, of, hidden, waiting) => {
    const found = hiddenTime(decided, of, nowMs);
    expect([uniteRanges([...found.past, ...found.erased]), found.waiting]).toEqual([hidden, waiting]);
  });

  it('only grows with time, while coverage does not shrink', () => {
    const keeps = fc.uniqueArray(
      fc.record({ resolutionMs: fc.constantFrom(raw, fiveMinutes, hour), durationMs: fc.nat(50) }),
      { selector: (each) => each.resolutionMs, maxLength: 3 },
    );
    fc.assert(
      fc.property(
        keeps,
        fc.nat(100),
        fc.nat(40),
        fc.nat(40),
        fc.nat(60),
        (list, now, later, length, covered) => {
          const of: BlockTime = {
            resolutionMs: raw,
            startMs: 20,
            endMs: 20 + length,
            coveredAt: () => [{ startMs: 0, endMs: covered }],
          };
          const before = hiddenTime(verdict(list), of, now);
          const after = hiddenTime(verdict(list), of, now + later);
          for (const { startMs, endMs } of before.past)
            expect(subtractRanges({ startMs, endMs }, after.past)).toEqual([]);
          expect(intersectRanges(before.past, before.waiting)).toEqual([]);
        },
      ),
    );
  });
});

describe('several documents', () => {
  const block: BlockTime = { startMs: 0, endMs: 10 * dayMs, resolutionMs: raw, coveredAt: () => [] };
  const erasing = document({
    erasures: [{ id: 'e', matchers: [], untilMs: dayMs, requestedAtMs: 1, reason: 'r', policy: 'a/b' }],
  });

  it('hide what is past by all of them, and what any has erased', () => {
    const retentions = [{ defaultKeep: [keep(raw, 6)] }, { ...erasing, defaultKeep: [keep(raw, 4)] }].map(
      (parts) => new Retention(document(parts)),
    );
    const hidden = (list: readonly Retention[]) => hiddenByAll(list, () => '', block, 9 * dayMs);
    expect(hidden(retentions)).toEqual([{ startMs: 0, endMs: 3 * dayMs }]);
    expect(hidden([...retentions, new Retention(document({}))])).toEqual([{ startMs: 0, endMs: dayMs }]);
    expect(hidden([])).toEqual([]);
  });
});

describe('ranges of time', () => {
  const ranges = fc.array(
    fc.tuple(fc.nat(50), fc.nat(12)).map(([startMs, length]) => ({ startMs, endMs: startMs + length })),
    { maxLength: 8 },
  );
  const points = (list: readonly TimeRange[]) =>
    new Set(
      list.flatMap(({ startMs, endMs }) => Array.from({ length: endMs - startMs }, (_, i) => startMs + i)),
    );

  it('unite, intersect and subtract as sets of moments do', () => {
    fc.assert(
      fc.property(ranges, ranges, fc.nat(50), fc.nat(20), (a, b, startMs, length) => {
        const [x, y] = [uniteRanges(a), uniteRanges(b)];
        const range = { startMs, endMs: startMs + length };
        expect(points(x)).toEqual(points(a));
        expect([...points(intersectRanges(x, y))].sort()).toEqual(
          [...points(x).intersection(points(y))].sort(),
        );
        expect(points(subtractRanges(range, x))).toEqual(points([range]).difference(points(x)));
      }),
    );
  });
});

describe('a stored document', () => {
  const stored = document({
    defaultKeep: [keep(raw, 30)],
    policies: [{ name: 'a/b', rules: [{ matchers: [is('x', 'y')], keep: [keep(hour, 2)] }] }],
  });

  it('reads back as it was', () => {
    expect(parseRetentionDocument(printRetentionDocument(stored), 'd')).toEqual(stored);
  });

  it.each<[string, (value: Record<string, unknown>) => unknown, string]>([
    ['another version', (value) => ({ ...value, version: 2 }), 'd: version is 2, not 1'],
    ['no list of policies', (value) => ({ ...value, policies: {} }), 'd: policies is not a list'],
    [
      'an unknown resolution',
      (value) => ({ ...value, defaultKeep: [{ resolutionMs: 7, durationMs: 1 }] }),
      'd: defaultKeep[0].resolutionMs is not one of 0, 300000, 3600000',
    ],
    [
      'an unknown operator',
      (value) => ({
        ...value,
        policies: [{ name: 'a', rules: [{ matchers: [{ name: 'a', op: '~', value: '' }], keep: [] }] }],
      }),
      'd: policies[0].rules[0].matchers[0].op is no operator',
    ],
  ])('with %s is refused by name', (_name, change, message) => {
    const text = JSON.stringify(change(stored as unknown as Record<string, unknown>));
    expect(() => parseRetentionDocument(text, 'd')).toThrow(message);
  });

  it('that is no JSON is refused', () => {
    expect(() => parseRetentionDocument('{', 'd')).toThrow('d: not JSON');
  });
});
