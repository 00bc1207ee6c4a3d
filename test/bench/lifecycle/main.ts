/**
 * `make bench-lifecycle`: promfleet and Thanos compact copies of the same bucket, one after the other in one run. Wall and
 * CPU time, and the largest resident memory, of the whole process; results are compared before a ratio is printed.
 * Environment: SCALE (1; a part of the series of the full data set), BENCH_DATA (a folder that keeps data sets between
 * runs). `--only NAME` runs one case.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blockResolutionMs } from '../../../src/storage-engine/format/block-meta.ts';
import { thanos } from '../../support/thanos.ts';
import { textTable } from '../query/table.ts';
import { type Case, cases, fill } from './cases.ts';
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

const rows: string[][] = [];
let missed = 0;
try {
  const reference = await thanos();
  for (const each of cases.filter(({ name }) => name.includes(only))) {
    const { row, reached } = await measure(each, reference);
    rows.push(row);
    if (!reached) missed++;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
  if (rows.length > 0)
    console.log(textTable(['case', 'samples', 'wall', 'CPU', 'peak memory', 'must (aim)', 'result'], rows));
}
if (missed > 0) say(`${missed} cases miss their figure`);
