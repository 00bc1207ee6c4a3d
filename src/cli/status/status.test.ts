import { describe, expect, it } from 'vitest';
import { limits } from '../../base/limits.ts';
import type { AlertRuleSet } from '../../crds/alert-rule-set.ts';
import type { MonitoringStack } from '../../crds/monitoring-stack.ts';
import type { RetentionPolicy } from '../../crds/retention-policy.ts';
import type { Silence } from '../../crds/silence.ts';
import { drawPicture, spanText } from './draw.ts';
import { allReady, type ObservedCluster, type ObservedPod, pictureOf } from './picture.ts';
import { formatTable } from './table.ts';

const nowMs = Date.parse('2026-11-21T12:00:00Z');
const empty: ObservedCluster = {
  stacks: [],
  ruleSets: [],
  routes: [],
  silences: [],
  policies: [],
  pods: [],
};
const apiVersion = 'promfleet.dev/v1alpha1';

const condition = (type: string, status: 'True' | 'False', reason: string, message = '') => ({
  type,
  status,
  reason,
  message,
  observedGeneration: 2,
  lastTransitionTime: '2026-11-21T11:57:00Z',
});

function ruleSet(
  name: string,
  status: AlertRuleSet['status'],
  spec: Partial<AlertRuleSet['spec']> = {},
): AlertRuleSet {
  return {
    apiVersion,
    kind: 'AlertRuleSet',
    metadata: { name, namespace: 'shop', generation: 2 },
    spec: { groups: [], ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

const live: AlertRuleSet['status'] = {
  observedGeneration: 2,
  conditions: [
    condition('Accepted', 'True', 'Accepted'),
    condition('Healthy', 'True', 'Healthy'),
    condition('Ready', 'True', 'Ready'),
  ],
  loaded: '2/2',
};

const broken: AlertRuleSet['status'] = {
  observedGeneration: 2,
  conditions: [
    condition('Accepted', 'False', 'InvalidExpression'),
    condition('Ready', 'False', 'InvalidExpression', '0 of 1 groups accepted'),
    condition('Stalled', 'True', 'InvalidExpression'),
  ],
  loaded: '0/2',
  faults: [
    {
      path: 'spec.groups[g].rules[0].expr',
      line: 1,
      column: 5,
      code: 'InvalidExpression',
      message: 'unexpected end',
    },
  ],
};

const stack: MonitoringStack = {
  apiVersion,
  kind: 'MonitoringStack',
  metadata: { name: 'main', namespace: 'monitoring', generation: 1 },
  spec: {},
  status: {
    observedGeneration: 1,
    conditions: [{ ...condition('Ready', 'False', 'PodsNotReady', '1 of 2'), observedGeneration: 1 }],
    prometheus: { version: 'v3.5.3' },
    ready: { prometheus: '1/2', alertmanager: '3/3', query: '1/1', loaded: '4/5' },
    replicas: [
      {
        pod: 'main-prometheus-0-1',
        component: 'prometheus',
        ready: false,
        loaded: false,
        error: 'refused\n\u001b[31m',
      },
    ],
  },
};

const pod = (name: string, ready: boolean): ObservedPod => ({
  metadata: {
    name,
    namespace: 'monitoring',
    labels: { 'promfleet.dev/stack': 'main', 'app.kubernetes.io/name': 'prometheus' },
  },
  status: {
    phase: 'Running',
    podIP: '127.0.1.5',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: [
      {
        name: 'prometheus',
        restartCount: 3,
        ...(ready ? {} : { state: { waiting: { reason: 'CrashLoopBackOff' } } }),
      },
    ],
  },
});

const draw = (cluster: Partial<ObservedCluster>, options: { all?: boolean; columns?: number } = {}) =>
  drawPicture(pictureOf({ ...empty, ...cluster }), {
    colors: false,
    columns: options.columns,
    nowMs,
    all: options.all ?? false,
  });

describe('the picture', () => {
  it('says of an empty cluster that nothing is there', () => {
    expect(draw({})).toContain('no MonitoringStack, AlertRuleSet, AlertRoute or Silence found');
    expect(allReady(pictureOf(empty))).toBe(true);
  });

  it('takes a status of an older generation, and none at all, for unknown', () => {
    const older = {
      ...live,
      observedGeneration: 1,
      conditions: live.conditions!.map((c) => ({ ...c, observedGeneration: 1 })),
    };
    const picture = pictureOf({
      ...empty,
      ruleSets: [ruleSet('a', older), ruleSet('b', undefined), ruleSet('c', live)],
    });
    expect(picture.ruleSets.map((set) => set.ready)).toEqual(['Unknown', 'Unknown', 'True']);
    expect(allReady(picture)).toBe(false);
  });

  it('leaves suspended objects out of what must be ready', () => {
    const picture = pictureOf({ ...empty, ruleSets: [ruleSet('a', broken, { suspend: true })] });
    expect(allReady(picture)).toBe(true);
  });

  it('names the faults with their places', () => {
    const text = draw({ ruleSets: [ruleSet('good', live), ruleSet('bad', broken)] });
    expect(text).toMatch(/shop\/bad +no +0\/2 +\? +stalled +3m +InvalidExpression: 0 of 1 groups accepted/);
    expect(text).toContain('InvalidExpression spec.groups[g].rules[0].expr:1:5 unexpected end');
    expect(text).toMatch(/shop\/good +yes +2\/2 +yes +yes +3m\n/);
    expect(text.indexOf('shop/bad')).toBeLessThan(text.indexOf('shop/good'));
    expect(text).toContain('1 of 2 objects is not ready');
  });

  it.each([
    ['0 of 1 groups accepted; spec.x: unexpected end', 'PromqlSyntax: 0 of 1 groups accepted'],
    ['spec.x: unexpected end (and 2 more)', 'PromqlSyntax'],
    ['2 of 2 replicas; stack shop/main: unexpected end', 'PromqlSyntax: 2 of 2 replicas; stack shop/main'],
    ['something else', 'PromqlSyntax: something else'],
  ])('does not say a fault twice: %s', (message, expected) => {
    const status: AlertRuleSet['status'] = {
      observedGeneration: 2,
      conditions: [condition('Ready', 'False', 'PromqlSyntax', message)],
      faults: [{ path: 'spec.x', code: 'PromqlSyntax', message: 'unexpected end' }],
    };
    expect(draw({ ruleSets: [ruleSet('bad', status)] })).toMatch(new RegExp(`3m +${expected}\\n`));
  });

  it('tells what does not make an object unready, and counts what is suspended', () => {
    const conditions = [
      ...live.conditions!.filter(({ type }) => type !== 'Healthy'),
      condition('Healthy', 'False', 'EvaluationFails', 'stack shop/main: group g, rule R: many-to-many'),
    ];
    const text = draw({
      ruleSets: [ruleSet('sick', { ...live, conditions }), ruleSet('held', live, { suspend: true })],
    });
    expect(text).toMatch(
      /shop\/sick +yes +2\/2 +no +yes +3m\n +EvaluationFails stack shop\/main: group g, rule R/,
    );
    expect(text).toContain('everything is ready (2 objects, 1 of them suspended)');
  });

  it('shows stacks with their pods, addresses and errors, and no control characters', () => {
    const text = draw({
      stacks: [stack],
      pods: [pod('main-prometheus-0-1', false), pod('main-prometheus-0-0', true)],
    });
    expect(text).toMatch(/monitoring\/main +1\/2 v3.5.3 +3\/3 +1\/1 +4\/5 +no/);
    expect(text).toMatch(/main-prometheus-0-0 +Running +yes +- +3 +http:\/\/127.0.1.5:9090/);
    expect(text).toMatch(/main-prometheus-0-1 +CrashLoopBackOff +no +no +3 .* refused⏎\\u001b\[31m/);
    expect(text).not.toContain('\u001b');
  });

  it('shows until when a silence mutes', () => {
    const silence: Silence = {
      apiVersion,
      kind: 'Silence',
      metadata: { name: 's', namespace: 'shop', generation: 2 },
      spec: { matchers: ['a=b'], comment: 'c', duration: '1h' },
      status: {
        observedGeneration: 2,
        conditions: [condition('Ready', 'True', 'Ready')],
        state: 'Active',
        endsAt: '2026-11-21T14:30:00Z',
        confirmed: '3/3',
      },
    };
    expect(draw({ silences: [silence] })).toMatch(/shop\/s +Active +2026-11-21 14:30Z \(in 2h\) +3\/3 +yes/);
  });

  it('shows what a retention policy takes, how many of its erasures are purged, and what waits', () => {
    const erasure = { id: 'a', reason: 'r', before: '2026-11-21T12:00:00Z', blocksLeft: 0, serversLeft: 0 };
    const policy: RetentionPolicy = {
      apiVersion,
      kind: 'RetentionPolicy',
      metadata: { name: 'p', namespace: 'monitoring', generation: 2 },
      spec: { stack: { name: 'main' }, mode: 'Enforce' },
      status: {
        observedGeneration: 2,
        conditions: [
          condition('Ready', 'True', 'Ready'),
          condition('WaitingForDownsample', 'True', 'WaitingForDownsample', '12 bytes stay'),
        ],
        state: 'Enforced',
        preview: { at: '2026-11-21T12:00:00Z', exact: false, series: 7, sizeBytes: 700 },
        erasures: [
          { ...erasure, state: 'Purged' },
          { ...erasure, id: 'b', state: 'Hidden' },
        ],
      },
    };
    const text = draw({ policies: [policy] });
    expect(text).toMatch(/monitoring\/p +main +Enforced +7 +700 +1\/2 +yes/);
    expect(text).toContain('WaitingForDownsample 12 bytes stay');
    expect(draw({})).not.toContain('retention');
  });

  it('lists the troubled ones of many objects and counts the others', () => {
    const many = Array.from({ length: limits.statusRows + 10 }, (_, index) => ruleSet(`good-${index}`, live));
    const text = draw({ ruleSets: [...many, ruleSet('bad', broken)] });
    expect(text).toContain('shop/bad');
    expect(text).not.toContain('shop/good');
    expect(text).toContain(`and ${many.length} more, all ready (--all lists them)`);
    expect(draw({ ruleSets: many }, { all: true })).toContain('shop/good-0');
  });
});

describe('formatTable', () => {
  it('aligns columns and cuts the last one', () => {
    expect(
      formatTable(
        ['A', 'WHY'],
        [
          ['ü', 'x'],
          ['long', 'a very long reason'],
        ],
        20,
      ),
    ).toEqual(['A     WHY', 'ü     x', 'long  a very long r…']);
  });

  it('paints text without counting the paint', () => {
    const paint = (text: string) => `<${text}>`;
    expect(formatTable(['A', 'B'], [[{ text: 'x', paint }, 'y']], undefined)).toEqual(['A  B', '<x>  y']);
  });
});

it.each([
  [0, '0s'],
  [59_999, '59s'],
  [60_000, '1m'],
  [7_200_000, '2h'],
  [172_800_000, '2d'],
  [-5, '0s'],
])('%d ms are %s', (spanMs, text) => {
  expect(spanText(spanMs)).toBe(text);
});
