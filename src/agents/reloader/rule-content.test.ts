import { expect, test } from 'vitest';
import { canonicalExpression } from './canonical-expression.ts';
import { type ShownGroup, showsContent } from './rule-content.ts';

/** One group as a file; `expr` etc. of its only alert. */
function file(fields: Readonly<Record<string, unknown>> = {}, group: Readonly<Record<string, unknown>> = {}) {
  const rule = { alert: 'A', expr: 'up == 0', for: '5m', labels: { team: 'a' }, ...fields };
  // JSON is YAML.
  return JSON.stringify({ groups: [{ name: 'g', interval: '1m', rules: [rule], ...group }] });
}

function shown(fields: Partial<ShownGroup['rules'][number]> = {}, group: Partial<ShownGroup> = {}) {
  const rule = { name: 'A', query: 'up == 0', duration: 300, keepFiringFor: 0, ...fields };
  return [{ name: 'g', interval: 60, limit: 0, rules: [{ labels: { team: 'a' }, ...rule }], ...group }];
}

const shows = (live: readonly ShownGroup[], before: string | undefined, after: string) =>
  showsContent(live, { before, after }, async () => canonicalExpression);

test.each<[what: string, before: string | undefined, after: string, live: ShownGroup[], isShown: boolean]>([
  ['a new file', undefined, file(), shown(), true],
  ['a group of another name', undefined, file(), shown({}, { name: 'other' }), false],
  ['a rule of another name', undefined, file(), shown({ name: 'B' }), false],
  ['a missing rule', undefined, file(), shown({}, { rules: [] }), false],
  ['a changed expression, old', file(), file({ expr: 'up == 1' }), shown(), false],
  ['a changed expression, new', file(), file({ expr: 'up == 1' }), shown({ query: 'up == 1' }), true],
  ['a changed expression, printed anew', file(), file({ expr: 'up==1' }), shown({ query: 'up == 1' }), true],
  [
    'a changed expression, old and printed anew',
    file({ expr: 'up==0' }),
    file({ expr: 'up==1' }),
    shown(),
    false,
  ],
  [
    'an expression written in another way',
    file(),
    file({ expr: '(up)  ==0 # x' }),
    shown({ query: '(up) == 0' }),
    true,
  ],
  ['only other spaces', file(), file({ expr: 'up  ==  0' }), shown(), true],
  ['a changed time, old', file(), file({ for: '10m' }), shown(), false],
  ['a changed time, new', file(), file({ for: '10m' }), shown({ duration: 600 }), true],
  ['the same time in another spelling', file(), file({ for: '300s' }), shown(), true],
  ['a time taken away, old', file(), file({ for: undefined }), shown(), false],
  ['a changed label, old', file(), file({ labels: { team: 'b' } }), shown(), false],
  ['a changed label, new', file(), file({ labels: { team: 'b' } }), shown({ labels: { team: 'b' } }), true],
  ['an annotation, missing', file(), file({ annotations: { a: 'b' } }), shown(), false],
  [
    'an annotation, there',
    file(),
    file({ annotations: { a: 'b' } }),
    shown({ annotations: { a: 'b' } }),
    true,
  ],
  ['a changed interval, old', file(), file({}, { interval: '2m' }), shown(), false],
  ['an interval left to the server', file(), file({}, { interval: undefined }), shown(), true],
  ['a changed limit, old', file(), file({}, { limit: 7 }), shown(), false],
  [
    'a text that does not parse',
    file({ expr: 'up ~ 1' }),
    file({ expr: 'up ~ 2' }),
    shown({ query: 'up ~ 2' }),
    true,
  ],
])('%s', async (_what, before, after, live, isShown) => {
  expect(await shows(live, before, after)).toBe(isShown);
});

test('no expression is parsed that a server shows as it is written, or that did not change', async () => {
  const never = () => Promise.reject(new Error('parsed'));
  const same = { before: file({ expr: 'up==1' }), after: file({ expr: 'up==1', for: '1m' }) };
  expect(await showsContent(shown({ query: 'up == 1', duration: 60 }), same, never)).toBe(true);
  const plain = { before: file(), after: file({ expr: 'up == 1' }) };
  expect(await showsContent(shown({ query: 'up == 1' }), plain, never)).toBe(true);
});
