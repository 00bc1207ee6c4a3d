/**
 * `make bench-query`: promfleet and a real Prometheus over the same blocks, side by side. Every answer that is measured is
 * compared first. Options: --blocks DIR and --replica-blocks DIR (blocks that exist
 * already), --runs N, --only TEXT (rows whose name has it).
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { quantile } from '../figures.ts';
import { type BenchClass, classes } from './classes.ts';
import { ask, checkEqual, pathOf } from './requests.ts';
import { scenarios } from './scenarios/scenarios.ts';
import { type BenchServer, cpuSeconds, memoryMib, startOurs, startReference } from './servers.ts';
import { textTable } from './table.ts';

const argument = (name: string): string | undefined => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const runs = Number(argument('--runs') ?? 9);
const only = argument('--only') ?? '';
const say = (text: string) => process.stderr.write(`bench-query: ${text}\n`);
const folder = mkdtempSync(join(tmpdir(), 'bench-query-'));
const blocks = argument('--blocks') ?? (await generated());

async function generated(): Promise<string> {
  const { writeDataSet } = await import('./data-set.ts');
  const to = join(folder, 'blocks');
  say('writing the data set');
  await writeDataSet(to, say);
  return to;
}

/** End of the newest block, in seconds. */
function endOfData(): number {
  const metas = readdirSync(blocks).map((block) =>
    JSON.parse(readFileSync(join(blocks, block, 'meta.json'), 'utf8')),
  );
  return Math.max(...metas.map(({ maxTime }) => maxTime as number)) / 1000;
}

interface Measured {
  readonly ours: number;
  readonly theirs: number;
}

/** Medians over runs that move start and end, after one that compares the answers and warms both up. */
async function measure(each: BenchClass, ours: BenchServer, theirs: BenchServer, endSeconds: number) {
  const sums: Measured[] = [];
  const { queries, warmUps = 0 } = each;
  const count = each.runs === undefined ? runs : Math.max(runs, each.runs);
  for (const query of queries) {
    const times = { ours: [] as number[], theirs: [] as number[] };
    for (let i = 0; i < warmUps; i++)
      for (const server of [ours, theirs]) await ask(server, pathOf(query, endSeconds - 61 - i));
    for (let run = -1; run < count; run++) {
      const path = pathOf(query, endSeconds - 61 - (run + 1) * 7);
      const a = await ask(ours, path);
      const b = await ask(theirs, path);
      checkEqual(path, a.body, b.body);
      if (run < 0) continue;
      times.ours.push(a.ms);
      times.theirs.push(b.ms);
    }
    const [x, y] = [quantile(times.ours, 0.5), quantile(times.theirs, 0.5)];
    say(`${query.text}: ${x.toFixed(1)} ms, Prometheus ${y.toFixed(1)} ms, ratio ${(x / y).toFixed(3)}`);
    sums.push({ ours: x, theirs: y });
  }
  return sums;
}

/** Answers a second with four clients at once. */
async function throughput(server: BenchServer, paths: readonly string[], seconds: number): Promise<number> {
  const untilMs = performance.now() + seconds * 1000;
  let answers = 0;
  const beganMs = performance.now();
  const client = async (first: number) => {
    for (let i = first; performance.now() < untilMs; i += 4) {
      await ask(server, paths[i % paths.length]!);
      answers++;
    }
  };
  await Promise.all([0, 1, 2, 3].map(client));
  return (answers * 1000) / (performance.now() - beganMs);
}

/** Rows with servers of their own. */
async function scenarioRows(endSeconds: number, fixed: (value: number) => string): Promise<string[][]> {
  const found: string[][] = [];
  for (const scenario of scenarios.filter(({ name }) => name.includes(only))) {
    say(scenario.name);
    const bench = { blocks, endSeconds, folder, runs, say, replicaBlocks };
    for (const row of await scenario.run(bench)) {
      const { name, ours: a, theirs: b, thanos, must, note } = row;
      found.push([
        name,
        fixed(a),
        b === undefined ? '' : fixed(b),
        b === undefined ? '' : (a / b).toFixed(3),
        must === undefined ? '' : `<= ${must}`,
        note ?? '',
        thanos === undefined ? '' : fixed(thanos),
      ]);
    }
  }
  return found;
}

let replica: Promise<string> | undefined;

/** Blocks of the second server of a pair, whose scrapes are 7 s later. */
function replicaBlocks(): Promise<string> {
  replica ??= (async () => {
    const given = argument('--replica-blocks');
    if (given !== undefined) return given;
    const to = join(folder, 'replica');
    say('writing the blocks of a second replica');
    const program = join(import.meta.dirname, 'data-set.ts');
    await promisify(execFile)(process.execPath, ['--max-old-space-size=8000', program, to], {
      env: { ...process.env, SHIFT_MS: '7000' },
    });
    return to;
  })();
  return replica;
}

const rows: string[][] = [];
let theirs: BenchServer | undefined;
let ours: Awaited<ReturnType<typeof startOurs>> | undefined;
try {
  const endSeconds = endOfData();
  theirs = await startReference(blocks, join(folder, 'prometheus'));
  const first = new URLSearchParams({ query: 'sum(up)', time: String(endSeconds - 60) });
  ours = await startOurs(['--bucket-dir', blocks, '--range-cache', '0'], String(first));
  const fixed = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(1));
  const row = (name: string, a: number, b: number, must: number, aim?: number) =>
    rows.push([
      name,
      fixed(a),
      fixed(b),
      (a / b).toFixed(3),
      `<= ${must}`,
      aim === undefined ? '' : `<= ${aim}`,
    ]);
  for (const each of classes.filter(({ name }) => name.includes(only))) {
    const found = await measure(each, ours, theirs, endSeconds);
    // The row's ratio is the mean of its queries' ratios; its times are sums.
    const a = found.reduce((sum, { ours: ms }) => sum + ms, 0);
    const b = found.reduce((sum, { theirs: ms }) => sum + ms, 0);
    row(each.name, a, b, each.must, each.aim);
  }
  for (const [name, must, aim] of [
    ['heavy range aggregation', 8, 12],
    ['raw matrix, >= 5 MB of JSON', 3, 5],
    ['instant, >= 20k series', 5, 8],
  ] as const) {
    const found = classes.find((each) => each.name === name);
    if (found === undefined || !name.includes(only)) continue;
    const paths = Array.from({ length: 40 }, (_, i) => pathOf(found.queries[0]!, endSeconds - 61 - i * 3));
    const seconds = 6;
    const before = [cpuSeconds(ours.pid), cpuSeconds(theirs.pid)];
    const a = await throughput(ours, paths, seconds);
    const b = await throughput(theirs, paths, seconds);
    const cpu = [
      (cpuSeconds(ours.pid) - before[0]!) / (a * seconds),
      (cpuSeconds(theirs.pid) - before[1]!) / (b * seconds),
    ];
    rows.push([
      `4 clients, answers/s: ${found.queries[0]!.text}`,
      a.toFixed(1),
      b.toFixed(1),
      (a / b).toFixed(1),
      `>= ${must}x`,
      `>= ${aim}x`,
    ]);
    if (must === 8) {
      rows.push([
        'CPU seconds of each',
        cpu[0]!.toFixed(3),
        cpu[1]!.toFixed(3),
        (cpu[0]! / cpu[1]!).toFixed(3),
        '<= 0.12',
        '<= 0.07',
      ]);
    }
  }
  const [a, b] = [memoryMib(ours.pid), memoryMib(theirs.pid)];
  rows.push([
    'peak RSS, MiB',
    fixed(a.peak),
    fixed(b.peak),
    (a.peak / b.peak).toFixed(2),
    '<= 0.75',
    '<= 0.5',
  ]);
  rows.push([
    'RssAnon + RssShmem at the end, MiB',
    fixed(a.own),
    fixed(b.own),
    (a.own / b.own).toFixed(2),
    '',
    '',
  ]);
  rows.push(['process start to first answer, ms', fixed(ours.coldMs), '', '', '<= 2000', '']);
  await ours.stop();
  await theirs.stop();
  rows.push(...(await scenarioRows(endSeconds, fixed)));
} finally {
  await ours?.stop();
  await theirs?.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(
  `${textTable(
    ['class', 'promfleet ms', 'Prometheus ms', 'ratio', 'must', 'aim', 'Thanos ms'],
    rows.map((row) => [...row, ...new Array<string>(7 - row.length).fill('')]),
  )}\n`,
);
