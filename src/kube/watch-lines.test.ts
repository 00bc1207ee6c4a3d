import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LineSplitter } from './watch-lines.ts';

it('gives the same lines however the bytes are cut, multi-byte characters included', () => {
  const line = fc
    .string({ unit: 'grapheme', minLength: 1 })
    .filter((text) => !text.includes('\n') && text.isWellFormed());
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(40)), (lines, cuts) => {
      const bytes = new TextEncoder().encode(lines.map((each) => `${each}\n`).join(''));
      const splitter = new LineSplitter(1_000_000);
      const found: string[] = [];
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        found.push(...splitter.push(bytes.subarray(at, at + cut)));
        at = Math.min(bytes.length, at + cut);
      }
      // A byte order mark at the start of a line is no content.
      expect(found).toEqual(lines.map((each) => each.replace(/^\uFEFF/, '')).filter((each) => each !== ''));
    }),
  );
});

it('keeps back a line without its end', () => {
  const splitter = new LineSplitter(100);
  expect(splitter.push(Buffer.from('{"a":1}\n\n{"b"'))).toEqual(['{"a":1}']);
  expect(splitter.push(Buffer.from(':2}\n'))).toEqual(['{"b":2}']);
});

it('refuses a line beyond its limit', () => {
  const splitter = new LineSplitter(10);
  splitter.push(Buffer.from('12345'));
  expect(() => splitter.push(Buffer.from('678901'))).toThrow(/larger than 10 bytes/);
});
