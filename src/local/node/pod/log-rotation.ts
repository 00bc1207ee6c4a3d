import { copyFile, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { limits } from '../../../base/limits.ts';

/**
 * Bounds the logs of all containers: a file that grew beyond the limit is copied to `<file>.1` and emptied, and logs of runs
 * long ago are removed. Processes write in append mode, so they go on at the beginning. What is written between
 * copy and truncation is lost.
 */
export async function rotateLogs(podsDir: string): Promise<void> {
  for (const pod of await namesIn(podsDir)) {
    const containers = join(podsDir, pod, 'containers');
    for (const container of await namesIn(containers)) await rotateContainer(join(containers, container));
  }
}

async function rotateContainer(folder: string): Promise<void> {
  const runs = (await namesIn(folder))
    .filter((name) => /^\d+\.log$/.test(name))
    .sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10));
  for (const old of runs.slice(limits.containerLogRuns)) {
    await rm(join(folder, old), { force: true });
    await rm(join(folder, `${old}.1`), { force: true });
  }
  for (const name of runs.slice(0, limits.containerLogRuns)) await rotateLog(join(folder, name));
}

/** Bounds one file that is written in append mode. */
export async function rotateLog(file: string): Promise<void> {
  const found = await stat(file).catch(() => null);
  if (found === null || found.size <= limits.containerLogBytes) return;
  await copyFile(file, `${file}.1`);
  await truncate(file, 0);
}

function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}
