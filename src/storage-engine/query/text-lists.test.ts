import fc from 'fast-check';
import { expect, it } from 'vitest';
import { limits } from '../../base/limits.ts';
import { compareText } from '../promql/exec/labels.ts';
import { ordered, TextLists } from './text-lists.ts';

it('texts come in byte order, each once', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
      expect(ordered(texts)).toEqual([...new Set(texts)].sort(compareText));
    }),
  );
});

it('the longest unused lists go first, and one that would fill the room alone is not kept', () => {
  const lists = new TextLists();
  const large = new Set(['x'.repeat(limits.textListChars / 5)]);
  for (const key of ['a', 'b', 'c', 'd']) lists.put(key, large);
  expect(lists.get('a')).toEqual(large);
  lists.put('e', large);
  expect(['a', 'b', 'c', 'd', 'e'].filter((key) => lists.get(key) !== undefined)).toEqual([
    'a',
    'c',
    'd',
    'e',
  ]);
  expect(lists.put('f', new Set(['x'.repeat(limits.textListChars / 2)])).size).toBe(1);
  expect(lists.get('f')).toBeUndefined();
});
