import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeFilesAtomically } from './files.ts';

let above: string;
let folder: string;

beforeEach(() => {
  above = mkdtempSync(join(tmpdir(), 'files-'));
  folder = join(above, 'volume');
});
afterEach(() => rmSync(above, { recursive: true, force: true }));

const files = (content: Record<string, string>) =>
  new Map(Object.entries(content).map(([path, text]) => [path, Buffer.from(text)]));
const read = (path: string) => readFileSync(join(folder, path), 'utf8');

it('makes a folder hold exactly the files, through every change, and leaves nothing beside or behind', async () => {
  expect(await writeFilesAtomically(folder, files({ token: '1', 'sub/a': 'a' }))).toBe(true);
  expect([read('token'), read('sub/a')]).toEqual(['1', 'a']);
  expect(await writeFilesAtomically(folder, files({ token: '1', 'sub/a': 'a' }))).toBe(false);
  expect(await writeFilesAtomically(folder, files({ token: '2', new: 'n' }))).toBe(true);
  expect([read('token'), read('new')]).toEqual(['2', 'n']);
  expect(readdirSync(folder).filter((name) => !name.startsWith('..'))).toEqual(['new', 'token']);
  expect(readdirSync(folder)).toHaveLength(4);
  expect(readdirSync(above)).toEqual(['volume']);
});
