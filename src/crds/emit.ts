/**
 * Writes `config/crd/` and `docs/crds/` from the schemas of this folder: `node src/crds/emit.ts`.
 * With `--check` it writes nothing and ends with exit code 1 when a file differs from what it would write.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedFiles } from './generated-files.ts';

const root = join(import.meta.dirname, '../..');
const folders = ['config/crd', 'docs/crds'];
const files = generatedFiles();
const check = process.argv.includes('--check');
const stale: string[] = [];

for (const [path, content] of files) {
  const target = join(root, path);
  if (existsSync(target) && readFileSync(target, 'utf8') === content) continue;
  stale.push(path);
  if (check) continue;
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
}
for (const folder of folders) {
  const present = existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [];
  for (const name of present) {
    const path = `${folder}/${name}`;
    if (files.has(path)) continue;
    stale.push(path);
    if (!check) rmSync(join(root, path));
  }
}
for (const path of stale) process.stdout.write(`${check ? 'differs' : 'wrote'} ${path}\n`);
if (check && stale.length > 0) process.exitCode = 1;
