import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { AlertRuleSet } from '../../crds/alert-rule-set.ts';
import {
  compileRuleSet,
  compileSizeChars,
  defaultDialect,
} from '../../reconcilers/alert-rule-set/compile.ts';
import { CompileRunner } from './compile-runner.ts';

/** Large enough for the worker; the last of its rules is `lastExpr`. */
function largeSet(name: string, lastExpr: string): AlertRuleSet {
  const count = Math.ceil(limits.compileInlineChars / 64);
  const rules = Array.from({ length: count }, (_, index) => ({ record: `r${index}`, expr: 'vector(1)' }));
  return {
    apiVersion: 'promfleet.dev/v1alpha1',
    kind: 'AlertRuleSet',
    metadata: { namespace: 'shop', name, uid: name, generation: 1 },
    spec: { groups: [{ name: 'g', rules: [...rules, { record: 'last', expr: lastExpr }] }] },
  };
}

let runner: CompileRunner | undefined;

afterEach(async () => {
  await runner?.close();
});

test('one worker compiles large rule sets one after another, as the main thread would', async () => {
  runner = new CompileRunner(systemClock);
  for (const [name, expr] of [
    ['first', 'vector(1)'],
    ['second', 'vector('],
    ['third', 'up'],
  ] as const) {
    const object = largeSet(name, expr);
    expect(compileSizeChars(object)).toBeGreaterThan(limits.compileInlineChars);
    expect(await runner.compile(object, defaultDialect)).toEqual(compileRuleSet(object, defaultDialect));
  }
});

test('several large rule sets asked for at once each get their own answer', async () => {
  const all = new CompileRunner(systemClock);
  runner = all;
  const objects = ['a', 'b', 'c'].map((name) => largeSet(name, `metric_${name}`));
  expect(await Promise.all(objects.map((object) => all.compile(object, defaultDialect)))).toEqual(
    objects.map((object) => compileRuleSet(object, defaultDialect)),
  );
});

test('a rule set that takes too long is faulty by itself', async () => {
  const object = largeSet('slow', 'vector(1)');
  const instant = { ...systemClock, sleep: async () => {} };
  const hasty = new CompileRunner(instant);
  runner = hasty;
  expect(await hasty.compile(object, defaultDialect)).toMatchObject({
    groups: [
      {
        name: 'g',
        rendered: undefined,
        faults: [{ code: 'LimitExceeded', path: 'spec', message: expect.stringContaining('more than') }],
      },
    ],
  });
});

test('a fault of the checks themselves is one of the object, in the worker as on the main thread', async () => {
  runner = new CompileRunner(systemClock);
  const faulty = { metadata: {}, spec: { groups: [{ name: 'g', rules: [{ record: 'r' }] }] } };
  const large = largeSet('large', 'vector(1)');
  // The API server accepts none of this; it stands for what nobody has thought of.
  Reflect.set(large.spec.groups![0]!.rules[0]!, 'labels', { __proto__: null, a: 5 });
  Reflect.set(large.spec.groups![0]!, 'name', undefined);
  for (const object of [faulty as unknown as AlertRuleSet, large]) {
    const { groups } = await runner.compile(object, defaultDialect);
    expect(groups.flatMap(({ faults }) => faults)).not.toEqual([]);
  }
  expect(await runner.compile(largeSet('next', 'up'), defaultDialect)).toEqual(
    compileRuleSet(largeSet('next', 'up'), defaultDialect),
  );
});

test('what is asked for twice while it is being checked is checked once', async () => {
  const once = new CompileRunner(systemClock);
  runner = once;
  const object = largeSet('twice', 'up');
  const [first, second] = [once.compile(object, defaultDialect), once.compile(object, defaultDialect)];
  expect(first).toBe(second);
  await first;
});
