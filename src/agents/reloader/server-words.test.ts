import { expect, test } from 'vitest';
import { withoutValues } from './server-words.ts';

test.each([
  ['line 3: cannot unmarshal !!str `hunter2` into bool', 'line 3: cannot unmarshal !!str `...` into bool'],
  ['cannot unmarshal !!str `hunter', 'cannot unmarshal !!str `...`'],
  ['parse "http://u:hunter2@x\\"y": invalid port', 'parse "...": invalid port'],
  ['Get "http://u:hunter2@host/path"', 'Get "http://...@host/path"'],
  ['field globall not found in type config.plain', 'field globall not found in type config.plain'],
  ['unknown receiver "x" used in route', 'unknown receiver "x" used in route'],
])('%s is told as %s', (text, told) => {
  expect(withoutValues(text)).toBe(told);
});
