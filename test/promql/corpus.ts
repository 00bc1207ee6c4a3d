import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Expressions written by hand, one for each corner of the language; right and wrong ones together. */
export const corpus: readonly string[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'testdata', 'expressions.json'), 'utf8'),
);
