import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Run {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMib: number;
}

/** Only the kernel knows the peak of a process that has ended; Node does not ask it. */
const reporter = `
import json, resource, subprocess, sys, time
began = time.monotonic()
run = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=open(sys.argv[1] + ".log", "w"))
wall = time.monotonic() - began
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
json.dump({"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "rss": usage.ru_maxrss}, open(sys.argv[1], "w"))
sys.exit(run.returncode)
`;

/** Runs a program to its end and tells what it used, its threads included. `report` is a path for scratch files. */
export function timed(report: string, program: string, args: readonly string[]): Run {
  const { status, error } = spawnSync('python3', ['-c', reporter, report, program, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (error !== undefined) throw error;
  if (status !== 0)
    throw new Error(`${program} failed:\n${readFileSync(`${report}.log`, 'utf8').slice(-4000)}`);
  const { wall, cpu, rss } = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>;
  return { wallSeconds: wall!, cpuSeconds: cpu!, peakMib: rss! / 1024 };
}
