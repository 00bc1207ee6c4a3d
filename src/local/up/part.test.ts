import { expect, test } from 'vitest';
import { endText } from './part.ts';

test.each<[string, number | undefined, string, string]>([
  ['killed', 137, 'the last line', 'operator was ended by signal 9'],
  ['ended in order', 0, 'the last line', 'operator ended with 0'],
  ['failed with a plain line', 1, 'first\nno such file\n', 'operator ended with 1 (no such file)'],
  [
    'failed with a line in JSON',
    1,
    '{"level":50,"msg":"cannot start","error":"port taken"}\n',
    'operator ended with 1 (cannot start: port taken)',
  ],
  ['failed without a log', 1, '', 'operator ended with 1'],
  ['lost', undefined, '', 'operator ended with an error'],
])('a part that was %s says so in words', (_title, exitCode, log, text) => {
  expect(endText('operator', exitCode, log)).toBe(text);
});
