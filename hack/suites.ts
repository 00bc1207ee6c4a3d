/**
 * Runs vitest projects one after the other and ends with one line `N passed, N failed` (and skipped), summed over
 * them. Totals of earlier calls in the same CI run are added when RESULTS_DIR names a folder that keeps them.
 * `--sum` runs nothing and only adds up. Exit code 1 when a test failed, a project found no test, or a test was skipped in CI.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

interface Totals {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTotalTests: number;
  readonly success: boolean;
}

const root = join(import.meta.dirname, '..');
const results = process.env.RESULTS_DIR ?? join(root, '.test-results');
const sumOnly = process.argv[2] === '--sum';
const projects = sumOnly ? [] : process.argv.slice(2);
if (!sumOnly && projects.length === 0) {
  console.error('usage: suites PROJECT...   (projects are listed in vitest.config.ts)');
  process.exit(2);
}
if (process.env.RESULTS_DIR === undefined) rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });

let failed = false;
for (const project of projects) {
  console.log(`\n== suite ${project}`);
  const output = join(results, `${project}.json`);
  rmSync(output, { force: true });
  const run = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${output}`,
    ],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  if (run.status !== 0) failed = true;
}

let [passed, failures, skipped] = [0, 0, 0];
for (const file of readdirSync(results).filter((name) => name.endsWith('.json'))) {
  const totals = JSON.parse(readFileSync(join(results, file), 'utf8')) as Totals;
  passed += totals.numPassedTests;
  failures += totals.numFailedTests;
  skipped += totals.numPendingTests;
  if (totals.numTotalTests === 0 || !totals.success) failed = true;
}
if (process.env.CI === 'true' && skipped > 0) {
  console.error(`${skipped} tests were skipped; in CI every test runs`);
  failed = true;
}
if (failed && failures === 0) failures = 1;
console.log(`\n${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed ? 1 : 0;
