import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Matcher, parseMatchers, printMatcher } from './matcher.ts';

const read = (text: string) => {
  const result = parseMatchers(text);
  return 'fault' in result ? result.fault : result.matchers.map(printMatcher);
};

test.each([
  ['foo=bar', ['foo="bar"']],
  ['foo="bar"', ['foo="bar"']],
  [' { foo = "bar" , baz !~ "a|b", } ', ['foo="bar"', 'baz!~"a|b"']],
  ['{foo=bar}', ['foo="bar"']],
  ['"foo bar"="x"', ['"foo bar"="x"']],
  ['föö🙂=ok', ['föö🙂="ok"']],
  ['a="say \\"hi\\"\\n\\\\"', ['a="say \\"hi\\"\\n\\\\"']],
  ['a="\\u0041\\x42\\103"', ['a="\\\\u0041\\\\x42\\\\103"']],
  ['"a b"="\\u0041\\x42\\103"', ['"a b"="ABC"']],
  ['a=', ['a=""']],
  ['a=b c', ['a="b c"']],
  ['a=[x]y.*', ['a="[x]y.*"']],
  ['severity=~critical|page', ['severity=~"critical|page"']],
])('the text %s means %j', (text, expected) => {
  expect(read(text)).toEqual(expected);
});

test.each([
  ['', 'no matcher', undefined],
  ['{}', 'no matcher', undefined],
  ['foo', 'one of = != =~ !~', 4],
  ['"a b"="x', 'closing double quote', 7],
  ['a=~"("', 'not valid', undefined],
  ['a=~"(?=x)"', 'not valid', undefined],
  ['""="x"', 'empty', undefined],
  ['"a\\xff"="x"', 'escape', 1],
  ['a="\ud800"', 'Unicode', undefined],
  ['{"a b"="c"', 'closing brace', 11],
])('the text %j is refused', (text, message, column) => {
  const result = read(text);
  expect(result).toMatchObject({ message: expect.stringContaining(message) });
  expect((result as { column?: number }).column).toBe(column);
});

test('every printed matcher reads back as itself', () => {
  const name = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 12 })
    .filter((text) => text.isWellFormed());
  const value = fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => text.isWellFormed());
  fc.assert(
    fc.property(name, value, fc.constantFrom<Matcher['operator']>('=', '!='), (name, value, operator) => {
      expect(parseMatchers(printMatcher({ name, operator, value }))).toEqual({
        matchers: [{ name, operator, value }],
      });
    }),
  );
});

test('no text makes the parser throw', () => {
  const text = fc
    .array(fc.constantFrom('{', '}', ',', '=', '!', '~', '"', '\\', 'a', 'n', ' ', '`', "'", '🙂'))
    .map((parts) => parts.join(''));
  fc.assert(fc.property(text, (text) => void parseMatchers(text)));
});
