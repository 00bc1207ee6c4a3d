import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runTestFile } from './language/run-file.ts';

const folder = join(import.meta.dirname, 'testdata');
const files = readdirSync(folder).filter((name) => name.endsWith('.test'));

test.each(files)('every evaluation of %s gives what it says', async (name) => {
  const outcomes = await runTestFile(readFileSync(join(folder, name), 'utf8'));
  const faults = outcomes.filter(({ fault }) => fault !== undefined);
  expect(faults).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(10);
});
