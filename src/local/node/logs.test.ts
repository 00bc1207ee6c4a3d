import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { type LogQuery, readContainerLog } from './logs.ts';

const pod = { namespace: 'n', name: 'p', uid: 'u' };
let state: string;
let folder: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'promfleet-logs-'));
  folder = join(state, 'pods', 'n_p_u', 'containers', 'c');
  mkdirSync(folder, { recursive: true });
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

async function read(query: LogQuery): Promise<string | null> {
  const log = await readContainerLog(state, pod, 'c', query, systemClock, new AbortController().signal);
  if (log === null) return null;
  let text = '';
  for await (const part of log) text += part.toString('utf8');
  return text;
}

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}\n`).join('');

describe('readContainerLog', () => {
  it.each<[string, LogQuery, string | null]>([
    ['the last run', {}, lines(1, 5)],
    ['its last lines', { tailLines: 2 }, lines(4, 5)],
    ['no line', { tailLines: 0 }, ''],
    ['more lines than there are', { tailLines: 99 }, lines(1, 5)],
    ['the run before', { previous: true }, 'older\n'],
    ['so many bytes', { limitBytes: 8 }, 'line 1\nl'],
  ])('reads %s', async (_title, query, expected) => {
    writeFileSync(join(folder, '9.log'), 'older\n');
    writeFileSync(join(folder, '10.log'), lines(1, 5));
    expect(await read(query)).toBe(expected);
  });

  it('has nothing for a container that never ran, and no previous run of the first', async () => {
    expect(await read({})).toBeNull();
    writeFileSync(join(folder, '0.log'), 'x\n');
    expect(await read({ previous: true })).toBeNull();
  });

  it('finds the end of a large file and a last line without its end', async () => {
    writeFileSync(join(folder, '0.log'), `${lines(1, 20_000)}unfinished`);
    expect(await read({ tailLines: 2 })).toBe('line 20000\nunfinished');
  });

  it('takes times from the lines themselves', async () => {
    writeFileSync(
      join(folder, '0.log'),
      'time=2026-01-01T00:00:00Z a\ncontinued\ntime=2026-01-02T00:00:00Z b\n',
    );
    expect(await read({ sinceMs: Date.parse('2026-01-01T12:00:00Z') })).toBe('time=2026-01-02T00:00:00Z b\n');
    expect(await read({ timestamps: true, tailLines: 3 })).toMatch(
      /^2026-01-01T00:00:00\.000Z time=.*\n2026-01-01T00:00:00\.000Z continued\n/,
    );
  });

  it('follows what is written, through rotation and into the next run', async () => {
    const file = join(folder, '0.log');
    writeFileSync(file, 'one\n');
    const stop = new AbortController();
    const log = await readContainerLog(state, pod, 'c', { follow: true }, systemClock, stop.signal);
    const steps = [
      () => appendFileSync(file, 'two\n'),
      () => writeFileSync(file, 'r\n'),
      () => writeFileSync(join(folder, '1.log'), 'next run\n'),
      () => stop.abort(),
    ];
    let text = '';
    for await (const part of log ?? []) {
      text += part.toString('utf8');
      steps.shift()?.();
    }
    expect(text).toBe('one\ntwo\nr\nnext run\n');
  });
});
