import { readdir, readFile } from 'node:fs/promises';

/** Process ids of running reloaders that are children of this process. */
export async function reloaderPids(): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const [command, environment] = await Promise.all(
      ['cmdline', 'environ'].map((file) => readFile(`/proc/${entry}/${file}`, 'utf8').catch(() => '')),
    );
    const words = command?.split('\0') ?? [];
    if (
      words.includes('reloader') &&
      !words.includes('--init') &&
      environment?.includes(`bench-${process.pid}`) === true
    )
      found.push(Number(entry));
  }
  return found;
}
