import { readFile } from 'node:fs/promises';
import { CodedError } from '../../base/errors.ts';
import { writeFileAtomically } from '../node/pod/files.ts';
import { startIdOf } from '../node/pod/process.ts';
import type { Layout } from './layout.ts';

/** One `up` per state folder. A lock whose owner is gone is taken over. */
export async function takeLock(layout: Layout): Promise<void> {
  const owner = await lockOwner(layout);
  if (owner !== null) {
    throw new CodedError('LocalAlreadyRunning', `process ${owner} runs on ${layout.root}`);
  }
  await writeFileAtomically(layout.lock, `${process.pid} ${await startIdOf(process.pid)}`);
}

/** Process id of the running `up`, or null. */
export async function lockOwner(layout: Layout): Promise<number | null> {
  const text = await readFile(layout.lock, 'utf8').catch(() => '');
  const [pid, ...startId] = text.split(' ');
  if (pid === undefined || pid === '') return null;
  return (await startIdOf(Number(pid))) === startId.join(' ') ? Number(pid) : null;
}
