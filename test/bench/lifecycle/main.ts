/**
 * `make bench-lifecycle`: promfleet and Thanos compact copies of the same bucket, one after the other in one run. Wall and
 * CPU time, and the largest resident memory, of the whole process; results are compared before a ratio is printed.
 * Environment: SCALE (1; a part of the series of the full data set), BENCH_DATA (a folder that keeps data sets between
 * runs). `--only NAME` runs one case.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blockResolutionMs } from '../../../src/storage-engine/format/block-meta.ts';
import { thanos } from '../../support/thanos.ts';
import { textTable } from '../query/table.ts';
import { type Case, cases, fill } from './cases.ts';
import { idleRequests } from './idle.ts';
import { sameAnswers } from './same-answers.ts';
import { timed } from './timed.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const argument = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const only = argument('--only') ?? '';
const scale = Number(process.env.SCALE ?? 1);
const say = (text: string) => process.stderr.write(`bench-lifecycle: ${text}\n`);
const memoryRatio = 0.8;
/** What `promfleet compact` is allowed to take: the default of `--memory`. */
const memoryMib = 1024;

// Beside the data sets, whose files become objects of the buckets as hard links.
if (process.env.BENCH_DATA !== undefined) mkdirSync(process.env.BENCH_DATA, { recursive: true });
const folder = mkdtempSync(join(process.env.BENCH_DATA ?? tmpdir(), 'bench-lifecycle-'));
const data = process.env.BENCH_DATA ?? folder;

function config(bucket: string): string {
  const path = `${bucket}.yml`;
  writeFileSync(path, JSON.stringify({ type: 'FILESYSTEM', config: { directory: bucket } }));
  return path;
}

/** Runs one case and returns its row, and whether it reaches what it must. */
async function measure(each: Case, reference: string): Promise<{ row: string[]; reached: boolean }> {
  const [ours, theirs] = [join(folder, each.name), join(folder, `${each.name}-thanos`)];
  say(`${each.name}: preparing blocks`);
  const samples = fill(ours, each, data, scale);
  fill(theirs, each, data, scale);
  say(`${each.name}: compacting ${samples} samples`);
  const b = timed(join(folder, 'usage'), reference, [
    'compact',
    `--objstore.config-file=${config(theirs)}`,
    `--data-dir=${theirs}-work`,
    '--consistency-delay=0s',
    '--http-address=127.0.0.1:0',
    ...each.theirs,
  ]);
  const a = timed(join(folder, 'usage'), process.execPath, [
    join(root, 'dist/main.js'),
    'compact',
    '--once',
    '--objstore-config',
    config(ours),
    '--data-dir',
    `${ours}-work`,
    '--consistency-delay',
    '0s',
    ...each.ours,
  ]);
  say(`${each.name}: comparing`);
  const note = await sameAnswers(each.name, ours, theirs, blockResolutionMs);
  const ratio = (x: number, y: number) => (x / y).toFixed(2);
  const reached =
    a.wallSeconds / b.wallSeconds <= each.must &&
    a.cpuSeconds / b.cpuSeconds <= each.must &&
    a.peakMib / b.peakMib <= memoryRatio &&
    a.peakMib <= memoryMib;
  const row = [
    each.name,
    `${(samples / 1e6).toFixed(0)}M`,
    `${a.wallSeconds.toFixed(2)} / ${b.wallSeconds.toFixed(2)} s = ${ratio(a.wallSeconds, b.wallSeconds)}`,
    `${a.cpuSeconds.toFixed(2)} / ${b.cpuSeconds.toFixed(2)} s = ${ratio(a.cpuSeconds, b.cpuSeconds)}`,
    `${a.peakMib.toFixed(0)} / ${b.peakMib.toFixed(0)} MiB = ${ratio(a.peakMib, b.peakMib)}`,
    `${each.must} (${each.aim})`,
    `${reached ? '' : 'NOT REACHED; '}${note}`,
  ];
  for (const path of [ours, theirs])
    for (const each of [path, `${path}-work`]) rmSync(each, { recursive: true, force: true });
  return { row, reached };
}

const idleBlocks = 1_000;
/** A compactor's passes in an hour, for either; Thanos asks about four times for each block in each of its syncs. */
const passesPerHour = 12;
const thanosRequests = 4 * idleBlocks * passesPerHour;

async function idleRow(): Promise<string[]> {
  const { pass, sync } = await idleRequests(idleBlocks);
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);
  const hour = sum(pass) * passesPerHour;
  const share = ((hour / thanosRequests) * 100).toFixed(2);
  if (hour > thanosRequests / 100) missed++;
  const kinds = Object.entries(pass).map(([kind, count]) => `${count} ${kind}`);
  return [
    `requests an hour, ${idleBlocks} idle blocks`,
    `${hour} = ${share} % of ${thanosRequests}`,
    '1 %',
    `a pass is ${kinds.join(', ')}; a query server's sync ${sum(sync)}, none without queries`,
  ];
}

function yearRows(): string[][] {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(import.meta.dirname, 'year.ts')]);
  if (status !== 0) throw new Error(`year.ts failed:\n${stderr}`);
  const year = JSON.parse(String(stdout)) as Record<string, number>;
  const { blocks, jobs, readSeconds, planSeconds, peakMib } = year as Record<string, number>;
  if (planSeconds! > 10) missed++;
  if (peakMib! > 300) missed++;
  const what = `${blocks} blocks, ${jobs} jobs; parsing their metas ${readSeconds!.toFixed(1)} s`;
  return [
    ['planning a year, processor time', `${planSeconds!.toFixed(1)} s`, '10 s', what],
    ['planning a year, peak memory', `${peakMib!.toFixed(0)} MiB`, '300 MiB', 'metas included'],
  ];
}

const rows: string[][] = [];
const others: string[][] = [];
let missed = 0;
try {
  const reference = await thanos();
  for (const each of cases.filter(({ name }) => name.includes(only))) {
    const { row, reached } = await measure(each, reference);
    rows.push(row);
    if (!reached) missed++;
  }
  if ('idle'.includes(only)) others.push(await idleRow());
  if ('year'.includes(only)) others.push(...yearRows());
} finally {
  rmSync(folder, { recursive: true, force: true });
  if (rows.length > 0)
    console.log(textTable(['case', 'samples', 'wall', 'CPU', 'peak memory', 'must (aim)', 'result'], rows));
  if (others.length > 0) console.log(`\n${textTable(['figure', 'measured', 'must', 'notes'], others)}`);
}
if (missed > 0) say(`${missed} figures are not reached`);
