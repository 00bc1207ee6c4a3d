import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { BlockMeta } from '../../../src/storage-engine/format/block-meta.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** A data set of `test/bench/query/data-set.ts`; `jobs` is its size at scale 1. */
interface DataSet {
  readonly jobs: number;
  readonly environment: Readonly<Record<string, string>>;
}

export interface Case {
  readonly name: string;
  readonly replicas: readonly { readonly label?: string; readonly data: DataSet }[];
  /** Largest ratio of wall time and of CPU time that is good enough, and what is aimed at. */
  readonly must: number;
  readonly aim: number;
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
}

const usual: DataSet = { jobs: 20, environment: {} };

export const cases: readonly Case[] = [
  {
    name: 'horizontal',
    replicas: [{ data: usual }],
    must: 1,
    aim: 0.7,
    ours: ['--no-downsampling'],
    theirs: ['--downsampling.disable'],
  },
  {
    name: 'replicas',
    replicas: [
      { label: 'a', data: usual },
      { label: 'b', data: { jobs: 20, environment: { SHIFT_MS: '7000' } } },
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
    replicas: [{ data: { jobs: 5, environment: { HOURS: '48', BLOCK_HOURS: '48' } } }],
    must: 0.5,
    aim: 0.25,
    ours: [],
    theirs: [],
  },
];

/** The folder of a data set below `cache`, written where it is not there. */
function written({ jobs, environment }: DataSet, cache: string, scale: number): string {
  const size = Math.max(1, Math.round(jobs * scale));
  const name = [`jobs${size}`, ...Object.entries(environment).map((pair) => pair.join('-'))]
    .join('-')
    .toLowerCase();
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  execFileSync(process.execPath, [join(root, 'test/bench/query/data-set.ts'), partial], {
    env: { ...process.env, ...environment, JOBS: String(size), NODE_OPTIONS: '--max-old-space-size=8000' },
    stdio: 'ignore',
  });
  renameSync(partial, folder);
  return folder;
}

/** Fills `bucket` with the blocks of a case, hard links where nothing is changed. Returns the number of samples. */
export function fill(bucket: string, { replicas }: Case, cache: string, scale: number): number {
  let samples = 0;
  for (const { label, data } of replicas) {
    const source = written(data, cache, scale);
    for (const ulid of readdirSync(source)) {
      mkdirSync(join(bucket, ulid, 'chunks'), { recursive: true });
      for (const path of [
        'index',
        ...readdirSync(join(source, ulid, 'chunks')).map((name) => join('chunks', name)),
      ])
        linkSync(join(source, ulid, path), join(bucket, ulid, path));
      const meta = JSON.parse(readFileSync(join(source, ulid, 'meta.json'), 'utf8')) as BlockMeta;
      const labels = { cluster: 'bench', ...(label !== undefined && { replica: label }) };
      const thanos = { version: 1, labels, downsample: { resolution: 0 }, source: 'sidecar', files: [] };
      writeFileSync(join(bucket, ulid, 'meta.json'), JSON.stringify({ ...meta, thanos }));
      samples += meta.stats.numSamples ?? 0;
    }
  }
  return samples;
}
