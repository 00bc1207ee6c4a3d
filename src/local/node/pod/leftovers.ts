import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { readJsonFile } from './files.ts';
import { adoptProcess, endProcess, markedProcesses, startIdOf } from './process.ts';

/** A process that a container record names. */
interface Recorded {
  readonly pid: number;
  readonly startId: string;
}

/** Folder of a pod below the state folder; the uid is its last part. */
export function podFolderName(namespace: string, name: string, uid: string): string {
  return `${namespace}_${name}_${uid}`;
}

/** Processes that the containers of one pod folder recorded. */
async function recordedIn(podDir: string): Promise<readonly Recorded[]> {
  const containers = join(podDir, 'containers');
  const names = await readdir(containers).catch(() => []);
  const records = await Promise.all(
    names.map((name) => readJsonFile<{ run: Recorded | null }>(join(containers, name, 'container.json'))),
  );
  return records.flatMap((record) => (record?.run == null ? [] : [record.run]));
}

/**
 * Ends processes of an earlier run that no record names: the node was killed between starting one and writing it
 * down. Call before anything is started. Returns their ids.
 */
export async function endUnrecorded(stateDir: string): Promise<readonly number[]> {
  const podsDir = join(stateDir, 'pods');
  const folders = await readdir(podsDir).catch(() => []);
  const recorded = new Set<string>();
  for (const folder of folders) {
    for (const { pid, startId } of await recordedIn(join(podsDir, folder))) recorded.add(`${pid} ${startId}`);
  }
  const ended: number[] = [];
  for (const pid of markedProcesses(stateDir)) {
    const startId = await startIdOf(pid);
    if (startId === null || recorded.has(`${pid} ${startId}`)) continue;
    process.kill(pid, 'SIGKILL');
    ended.push(pid);
  }
  return ended;
}

/** Ends and removes pods of an earlier run whose objects are gone. */
export async function removeForgottenPods(
  stateDir: string,
  memoryDir: string,
  isKnown: (uid: string) => boolean,
  clock: Clock,
): Promise<void> {
  const podsDir = join(stateDir, 'pods');
  for (const folder of await readdir(podsDir).catch(() => [])) {
    const uid = folder.slice(folder.lastIndexOf('_') + 1);
    if (isKnown(uid)) continue;
    await endRecorded(join(podsDir, folder), 0, clock);
    await rm(join(podsDir, folder), { recursive: true, force: true });
    await rm(join(memoryDir, uid), { recursive: true, force: true });
  }
}

/** Ends the recorded processes of one pod folder. */
async function endRecorded(podDir: string, graceMs: number, clock: Clock): Promise<void> {
  await Promise.all(
    (await recordedIn(podDir)).map(async ({ pid, startId }) => {
      const found = await adoptProcess(pid, startId, clock);
      if (found !== null) await endProcess(found, graceMs, clock);
    }),
  );
}

/** Ends every process of the node, recorded or marked: for `down` when no node runs. */
export async function endAllProcesses(stateDir: string, graceMs: number, clock: Clock): Promise<void> {
  const podsDir = join(stateDir, 'pods');
  const folders = await readdir(podsDir).catch(() => []);
  await Promise.all(folders.map((folder) => endRecorded(join(podsDir, folder), graceMs, clock)));
  for (const pid of markedProcesses(stateDir)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended meanwhile.
    }
  }
}
