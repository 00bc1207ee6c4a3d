import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { realProgram } from './programs.ts';

export interface MadeSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Timestamp in milliseconds, value. */
  readonly samples: readonly (readonly [number, number])[];
}

/** Has promtool write blocks with these samples, aligned to two hours, into `folder/data`; returns their ULIDs, oldest first. */
export async function makeBlocks(folder: string, series: readonly MadeSeries[]): Promise<string[]> {
  const lines = series.flatMap(({ labels, samples }) => {
    const text = Object.entries(labels)
      .filter(([name]) => name !== '__name__')
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join(',');
    return samples.map(([at, value]) => ({
      at,
      metric: labels.__name__!,
      line: `${labels.__name__}{${text}} ${value} ${(at / 1000).toFixed(3)}`,
    }));
  });
  lines.sort((a, b) => (a.metric === b.metric ? a.at - b.at : a.metric < b.metric ? -1 : 1));
  mkdirSync(folder, { recursive: true });
  const input = join(folder, 'input.om');
  writeFileSync(input, `${lines.map(({ line }) => line).join('\n')}\n# EOF\n`);
  execFileSync(
    await realProgram('promtool'),
    ['tsdb', 'create-blocks-from', 'openmetrics', input, join(folder, 'data')],
    { stdio: 'pipe' },
  );
  return blockNames(join(folder, 'data'));
}

/** Folders named by a ULID. */
export function blockNames(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /^[0-9A-Z]{26}$/.test(name))
    .sort();
}

/** `count` series of one metric, a sample each 15 s from `startMs` on over `hours`. */
export function steadySeries(
  count: number,
  startMs: number,
  hours: number,
  metric = 'requests_total',
): MadeSeries[] {
  return Array.from({ length: count }, (_, i) => ({
    labels: { __name__: metric, instance: `host-${i}`, job: i % 2 === 0 ? 'api' : 'web' },
    samples: Array.from(
      { length: (hours * 3600) / 15 },
      (_, k) => [startMs + k * 15_000, i * 1000 + k] as const,
    ),
  }));
}
