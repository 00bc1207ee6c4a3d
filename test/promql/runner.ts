import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runTestFile } from './language/run-file.ts';

/** `runner.ts PATH...`: runs files and folders of Prometheus's test language; the last line is the tally. */
const paths = process.argv.slice(2);
if (paths.length === 0) {
  console.error('usage: promqltest DIR_OR_FILE...');
  process.exit(2);
}
const files = paths.flatMap((path) =>
  statSync(path).isDirectory()
    ? readdirSync(path, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.test'))
        .sort()
        .map((name) => join(path, name))
    : [path],
);
let passed = 0;
let failed = 0;
for (const file of files) {
  try {
    for (const { line, query, fault } of await runTestFile(readFileSync(file, 'utf8'))) {
      if (fault === undefined) {
        passed++;
        continue;
      }
      failed++;
      console.log(`${basename(file)}:${line}: ${query}\n      ${fault}`);
    }
  } catch (error) {
    failed++;
    console.log(`${basename(file)}: ${error instanceof Error ? error.message : error}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
