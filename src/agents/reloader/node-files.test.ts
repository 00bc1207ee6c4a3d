import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sha256Hex } from '../../render/bundle/slot.ts';
import { ConfigFolder } from './config-folder.ts';
import { nodeFiles } from './node-files.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'promfleet-'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

test('files come and go by relative paths, folders by themselves', async () => {
  const files = nodeFiles(root);
  expect(await files.list()).toEqual([]);
  await files.write('a/b/c.yaml', 'one');
  await files.link('a/b/c.yaml', 'd/e.yaml');
  await files.write('a/b/new.yaml', 'two');
  await files.rename('a/b/new.yaml', 'a/b/c.yaml');
  expect(await files.list()).toEqual(['a/b/c.yaml', 'd/e.yaml']);
  expect(await files.read('a/b/c.yaml')).toBe('two');
  expect(await files.read('d/e.yaml')).toBe('one');
  await files.remove('d/e.yaml');
  await files.remove('d/e.yaml');
  expect(await files.read('d/e.yaml')).toBeUndefined();
});

test('a change is swapped in and out on a real disk', async () => {
  const files = nodeFiles(root);
  await files.write('keep', 'mine');
  const folder = new ConfigFolder(files, ['keep']);
  expect(await folder.open()).toBe('clean');
  const change = (path: string, text: string) => ({ path, text, hash: sha256Hex(text) });
  const first = [change('x.yaml', '1'), change('rules/a/y.yaml', '1')];
  for (const { path, text, hash } of first) await folder.stage(path, text, hash);
  await folder.swapIn(first);
  await folder.commit(first);
  const second = change('x.yaml', '2');
  await folder.stage(second.path, second.text, second.hash);
  await folder.swapIn([second, { path: 'rules/a/y.yaml', hash: undefined }]);
  expect(await files.read('x.yaml')).toBe('2');
  const next = new ConfigFolder(files, ['keep']);
  expect(await next.open()).toBe('undone');
  expect((await files.list()).filter((path) => !path.startsWith('.promfleet/'))).toEqual([
    'keep',
    'rules/a/y.yaml',
    'x.yaml',
  ]);
  expect(await files.read('x.yaml')).toBe('1');
  await next.settled();
  expect(await new ConfigFolder(files, ['keep']).open()).toBe('clean');
});
