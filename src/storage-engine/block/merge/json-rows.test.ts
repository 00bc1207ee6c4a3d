import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonText } from '../../format/json-text.ts';
import { SymbolDictionary } from '../index/symbol-dictionary.ts';
import { jsonRows } from './json-rows.ts';

const value = fc.constantFrom('', 'a', 'b"', 'é', 'x'.repeat(70), 'y'.repeat(30_000));

it('label sets come out as JSON objects, whatever they have in common with their neighbours', () => {
  const row = fc
    .subarray(['a', 'b', 'c', 'd', 'e'])
    .chain((names) =>
      fc
        .tuple(...names.map(() => value))
        .map((values) => names.map((name, i) => [name, values[i]!] as const)),
    );
  fc.assert(
    fc.property(fc.array(row, { maxLength: 30 }), (rows) => {
      const symbols = new SymbolDictionary();
      const ranges = rows.map((pairs) => {
        const ids = Uint32Array.from(pairs.flat().map((text) => symbols.internText(text)));
        return { ids, from: 0, to: ids.length };
      });
      const written = Buffer.concat([...jsonRows(symbols, ranges)]).toString();
      const expected = rows.map(
        (pairs) => `{${pairs.map(([name, text]) => `${jsonText(name)}:${jsonText(text)}`).join(',')}}`,
      );
      expect(written).toBe(expected.join(','));
    }),
  );
});
