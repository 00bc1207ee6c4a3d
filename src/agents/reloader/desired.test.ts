import { expect, test } from 'vitest';
import { SlotContents } from './desired.ts';

const slot = (hash: string, files: Readonly<Record<string, string>>) => ({
  hash,
  files: new Map(Object.entries(files)),
});

function wanted(contents: SlotContents): Record<string, string> {
  const all: Record<string, string> = {};
  contents.forEach((path, hash) => {
    all[path] = hash;
  });
  return all;
}

test('a slot read anew adds, changes and drops its own files only', () => {
  const contents = new SlotContents();
  contents.set('a', slot('1', { x: 'x1', y: 'y1' }));
  contents.set('b', slot('1', { z: 'z1' }));
  contents.set('a', slot('2', { x: 'x2', w: 'w1' }));
  expect(wanted(contents)).toEqual({ x: 'x2', w: 'w1', z: 'z1' });
  expect(contents.knows({ name: 'a', hash: '1' })).toBe(false);
  expect(contents.knows({ name: 'a', hash: '2' })).toBe(true);
  contents.keepOnly(new Set(['b']));
  expect(wanted(contents)).toEqual({ z: 'z1' });
});

test.each([
  ['a', 'b', 'c'],
  ['c', 'b', 'a'],
  ['b', 'c', 'a'],
])('a path in several slots is of the first by name, read in order %s, %s, %s', (...order) => {
  const contents = new SlotContents();
  for (const name of order) contents.set(name, slot('1', { x: `of ${name}` }));
  expect(wanted(contents)).toEqual({ x: 'of a' });
  expect(contents.slotOf('x')).toBe('a');
  // The others are to be read again, as one of them has it now.
  contents.set('a', slot('2', { y: 'y' }));
  expect(contents.knows({ name: 'b', hash: '1' })).toBe(false);
  expect(contents.knows({ name: 'c', hash: '1' })).toBe(false);
  contents.set('b', slot('1', { x: 'of b' }));
  contents.set('c', slot('1', { x: 'of c' }));
  expect(contents.hash('x')).toBe('of b');
});

test('slots of files that are missing on disk are read again', () => {
  const contents = new SlotContents();
  contents.set('a', slot('1', { x: 'x1' }));
  contents.set('b', slot('1', { y: 'y1' }));
  contents.unknow((path) => path === 'y');
  expect(contents.knows({ name: 'a', hash: '1' })).toBe(true);
  expect(contents.knows({ name: 'b', hash: '1' })).toBe(false);
});
