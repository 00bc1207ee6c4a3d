/**
 * `make bench-lifecycle`: promfleet and Thanos compact copies of the same bucket, one after the other in one run. Wall and
 * CPU time, and the largest resident memory, of the whole process; results are compared before a ratio is printed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BlockMeta, blockResolutionMs } from '../../../src/storage-engine/format/block-meta.ts';
import { thanos } from '../../support/thanos.ts';
import { textTable } from '../query/table.ts';
import { sameAnswers } from './same-answers.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const argument = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const scale = argument('--scale');
const only = argument('--only') ?? '';
const say = (text: string) => process.stderr.write(`bench-lifecycle: ${text}\n`);
const folder = mkdtempSync(join(tmpdir(), 'bench-lifecycle-'));

interface Case {
  readonly name: string;
  readonly replicas: readonly { readonly label?: string; readonly environment: Record<string, string> }[];
  /** Largest ratios of wall time and of CPU time that are good enough, and what is aimed at. */
  readonly must: number;
  readonly aim: number;
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
}

const jobs = (full: string) => ({ JOBS: scale ?? full });
const cases: readonly Case[] = [
  {
    name: 'horizontal',
    replicas: [{ environment: jobs('20') }],
    must: 1,
    aim: 0.7,
    ours: ['--no-downsampling'],
    theirs: ['--downsampling.disable'],
  },
  {
    name: 'replicas',
    replicas: [
      { label: 'a', environment: jobs('20') },
      { label: 'b', environment: { ...jobs('20'), SHIFT_MS: '7000' } },
    ],
    must: 0.5,
    aim: 0.3,
    ours: ['--no-downsampling', '--replica-label', 'replica'],
    theirs: [
      '--downsampling.disable',
      '--deduplication.replica-label=replica',
      '--deduplication.func=penalty',
      '--compact.enable-vertical-compaction',
    ],
  },
  {
    name: 'downsampling',
    replicas: [{ environment: { ...jobs('5'), HOURS: '48', BLOCK_HOURS: '48' } }],
    must: 0.5,
    aim: 0.25,
    ours: [],
    theirs: [],
  },
];

function prepare({ name, replicas }: Case): string {
  const bucket = join(folder, name);
  mkdirSync(bucket, { recursive: true });
  for (const { label, environment } of replicas) {
    const written = join(folder, `${name}-${label ?? ''}`);
    execFileSync(process.execPath, [join(root, 'test/bench/query/data-set.ts'), written], {
      env: { ...process.env, ...environment, NODE_OPTIONS: '--max-old-space-size=8000' },
      stdio: 'ignore',
    });
    for (const ulid of readdirSync(written)) {
      cpSync(join(written, ulid), join(bucket, ulid), { recursive: true });
      const path = join(bucket, ulid, 'meta.json');
      const meta = JSON.parse(readFileSync(path, 'utf8')) as BlockMeta;
      const labels = { cluster: 'bench', ...(label !== undefined && { replica: label }) };
      const part = { version: 1, labels, downsample: { resolution: 0 }, source: 'sidecar', files: [] };
      writeFileSync(path, JSON.stringify({ ...meta, thanos: part }));
    }
    rmSync(written, { recursive: true });
  }
  return bucket;
}

interface Run {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMib: number;
}

/** Runs a program to its end below a shell that reports what it used. */
function timed(program: string, args: readonly string[]): Run {
  const report = join(folder, 'usage');
  const script = `
    import { spawnSync } from 'node:child_process';
    import { writeFileSync } from 'node:fs';
    const started = performance.now();
    const run = spawnSync(process.argv[1], process.argv.slice(3), { stdio: ['ignore', 'ignore', 'pipe'], maxBuffer: 2 ** 28 });
    const wall = performance.now() - started;
    if (run.status !== 0) { process.stderr.write(run.stderr.subarray(-4000)); process.exit(1); }
    writeFileSync(process.argv[2], JSON.stringify({ wall }));
  `;
  const time = spawnSync(
    'python3',
    [
      '-c',
      'import resource,subprocess,sys,json\nr=subprocess.run(sys.argv[2:])\nu=resource.getrusage(resource.RUSAGE_CHILDREN)\njson.dump({"cpu":u.ru_utime+u.ru_stime,"rss":u.ru_maxrss},open(sys.argv[1],"w"))\nsys.exit(r.returncode)',
      `${report}.all`,
      process.execPath,
      '--input-type=module',
      '-e',
      script,
      program,
      report,
      ...args,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (time.status !== 0) throw new Error(`${program} failed`);
  const { wall } = JSON.parse(readFileSync(report, 'utf8')) as { wall: number };
  const { cpu, rss } = JSON.parse(readFileSync(`${report}.all`, 'utf8')) as { cpu: number; rss: number };
  return { wallSeconds: wall / 1000, cpuSeconds: cpu, peakMib: rss / 1024 };
}

function config(bucket: string): string {
  const path = `${bucket}.yml`;
  writeFileSync(path, JSON.stringify({ type: 'FILESYSTEM', config: { directory: bucket } }));
  return path;
}

const rows: string[][] = [];
let missed = 0;
const reference = await thanos();
try {
  for (const each of cases.filter(({ name }) => name.includes(only))) {
    say(`${each.name}: writing blocks`);
    const ours = prepare(each);
    const theirs = `${ours}-thanos`;
    cpSync(ours, theirs, { recursive: true });
    say(`${each.name}: compacting`);
    const b = timed(reference, [
      'compact',
      `--objstore.config-file=${config(theirs)}`,
      `--data-dir=${join(folder, 'thanos')}`,
      '--consistency-delay=0s',
      '--http-address=127.0.0.1:0',
      ...each.theirs,
    ]);
    const a = timed(process.execPath, [
      join(root, 'dist/main.js'),
      'compact',
      '--once',
      '--objstore-config',
      config(ours),
      '--data-dir',
      join(folder, 'ours'),
      '--consistency-delay',
      '0s',
      ...each.ours,
    ]);
    const note = await sameAnswers(each.name, ours, theirs, (meta) => blockResolutionMs(meta));
    const ratio = (x: number, y: number) => (x / y).toFixed(2);
    if (a.wallSeconds / b.wallSeconds > each.must || a.peakMib / b.peakMib > 0.8) missed++;
    rows.push([
      each.name,
      `${a.wallSeconds.toFixed(1)} / ${b.wallSeconds.toFixed(1)} s = ${ratio(a.wallSeconds, b.wallSeconds)}`,
      `${a.cpuSeconds.toFixed(1)} / ${b.cpuSeconds.toFixed(1)} s = ${ratio(a.cpuSeconds, b.cpuSeconds)}`,
      `${a.peakMib.toFixed(0)} / ${b.peakMib.toFixed(0)} MiB = ${ratio(a.peakMib, b.peakMib)}`,
      `${each.must} (${each.aim})`,
      note,
    ]);
    rmSync(ours, { recursive: true });
    rmSync(theirs, { recursive: true });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(textTable(['case', 'wall', 'CPU', 'peak memory', 'must (aim)', 'samples'], rows));
if (missed > 0) say(`${missed} cases miss their figure`);
