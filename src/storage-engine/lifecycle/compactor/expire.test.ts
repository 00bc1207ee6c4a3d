import { describe, expect, it } from 'vitest';
import { traceLineage } from '../../format/block-lineage.ts';
import type { RetentionDocument } from '../../format/retention-document.ts';
import { Retention } from '../../retention/retention.ts';
import { hashLineage, type PlannedBlock, plannedCoverage } from '../plan/planned-block.ts';
import { expiredBlocks } from './expire.ts';

const dayMs = 86_400_000;
const nowMs = 100 * dayMs;
const [fiveMinutes, hour] = [300_000, 3_600_000];

function block(ulid: string, from: number, to: number, parts: Partial<PlannedBlock> = {}): PlannedBlock {
  return {
    ulid,
    minTime: from * dayMs,
    maxTime: to * dayMs,
    resolutionMs: 0,
    level: 1,
    group: '',
    labels: '[["cluster","eu"]]',
    lineage: hashLineage(traceLineage([ulid], [])),
    visibleMs: 0,
    failed: false,
    tombstoneShare: 0,
    folded: { erasures: [], stage: '', trimmed: false },
    marks: { deletion: false, noCompact: false, noDownsample: false },
    ...parts,
  };
}

function retention(parts: Partial<RetentionDocument>): Retention {
  return new Retention({
    version: 1,
    generation: 1,
    writtenAtMs: 0,
    stack: 'a/b',
    scope: {},
    policies: [],
    erasures: [],
    ...parts,
  });
}

const ofA = hashLineage(traceLineage(['A'], []));
const keep = (resolutionMs: number, days: number) => ({ resolutionMs, durationMs: days * dayMs });
const rule = (...keeps: ReturnType<typeof keep>[]) => ({
  name: 'a/p',
  rules: [{ matchers: [{ name: 'x', op: '=' as const, value: 'y' }], keep: keeps }],
});
const thirtyDays = { defaultKeep: [keep(0, 30)] };

describe('a block expires', () => {
  it.each<[string, boolean, PlannedBlock[], Partial<RetentionDocument>[]]>([
    ['when all of it is past the default', true, [block('A', 60, 70)], [thirtyDays]],
    [
      'never without a default: some series may live for ever',
      false,
      [block('A', 60, 70)],
      [{ policies: [rule(keep(0, 1))] }],
    ],
    ['not while the end of it is young', false, [block('A', 60, 71)], [thirtyDays]],
    [
      'not while any rule keeps some of it',
      false,
      [block('A', 60, 70)],
      [{ ...thirtyDays, policies: [rule(keep(0, 39))] }],
    ],
    [
      'not while another document keeps it',
      false,
      [block('A', 60, 70)],
      [thirtyDays, { defaultKeep: [keep(0, 90)] }],
    ],
    [
      'by the documents that concern it alone',
      true,
      [block('A', 60, 70)],
      [thirtyDays, { scope: { cluster: 'us' } }],
    ],
    [
      'not by a document that concerns others',
      false,
      [block('A', 60, 70)],
      [{ ...thirtyDays, scope: { cluster: 'us' } }],
    ],
    [
      'not before the coarser resolution is there',
      false,
      [block('A', 60, 70)],
      [{ defaultKeep: [keep(0, 30), keep(fiveMinutes, 90)] }],
    ],
    [
      'once the coarser resolution covers all of it',
      true,
      [block('A', 60, 70), block('B', 58, 72, { resolutionMs: fiveMinutes, lineage: ofA })],
      [{ defaultKeep: [keep(0, 30), keep(fiveMinutes, 90)] }],
    ],
    [
      'not while what covers it waits for its own deletion',
      false,
      [
        block('A', 60, 70),
        block('B', 58, 72, {
          resolutionMs: fiveMinutes,
          lineage: ofA,
          marks: { deletion: true, noCompact: false, noDownsample: false },
        }),
      ],
      [{ defaultKeep: [keep(0, 30), keep(fiveMinutes, 90)] }],
    ],
    [
      'not where what covers its time does not descend from it',
      false,
      [block('A', 60, 70), block('B', 58, 72, { resolutionMs: fiveMinutes })],
      [{ defaultKeep: [keep(0, 30), keep(fiveMinutes, 90)] }],
    ],
    ['of a resolution that is not kept', true, [block('A', 98, 99, { resolutionMs: hour })], [thirtyDays]],
    [
      'not a second time',
      false,
      [block('A', 60, 70, { marks: { deletion: true, noCompact: false, noDownsample: false } })],
      [thirtyDays],
    ],
  ])('%s', (_name, expires, blocks, documents) => {
    const expired = expiredBlocks(blocks, {
      retentions: documents.map(retention),
      coverage: plannedCoverage(blocks, nowMs),
      nowMs,
    }).map(({ ulid }) => ulid);
    expect(expired).toEqual(expires ? ['A'] : []);
  });
});
