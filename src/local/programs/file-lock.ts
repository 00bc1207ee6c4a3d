import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';

/**
 * Runs `task` while holding `path` as a lock between processes of this machine. The file holds the owner's process
 * id; a lock whose owner is gone is taken over, so a killed process blocks nobody. `waiting` is told once, when another
 * holds it.
 */
export async function withFileLock<T>(
  path: string,
  clock: Clock,
  task: () => Promise<T>,
  waiting: () => void = () => {},
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  for (let isTold = false; ; ) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(String(process.pid));
      await file.close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (await ownerIsGone(path, clock)) await rm(path, { force: true });
    else {
      if (!isTold) waiting();
      isTold = true;
      await clock.sleep(limits.fileLockPollMs);
    }
  }
  try {
    return await task();
  } finally {
    await rm(path, { force: true });
  }
}

async function ownerIsGone(path: string, clock: Clock): Promise<boolean> {
  const read = () => readFile(path, 'utf8').catch(() => null);
  let text = await read();
  if (text === '') {
    // Between creation and writing; still empty after a while means its owner died there.
    await clock.sleep(limits.fileLockPollMs * 5);
    text = await read();
    if (text === '') return true;
  }
  if (text === null) return false;
  const owner = Number(text);
  if (!Number.isInteger(owner) || owner <= 0) return true;
  if (owner === process.pid) return false;
  try {
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
