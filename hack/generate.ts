/**
 * Writes every generated file from its source; `--check` writes nothing and fails, naming the files, where the
 * tree differs. A generator is a function from nothing to {path relative to the project: content}.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedFiles } from '../src/crds/generated-files.ts';
import { kernelFiles } from './build-kernels.ts';
import { errorCatalogueDocument } from './generate-errors.ts';
import { chartFiles } from './install/chart.ts';
import { kustomizeFiles } from './install/kustomize.ts';

export type Generated = Readonly<Record<string, string | Uint8Array>>;

const root = join(import.meta.dirname, '..');
const generators: readonly (() => Generated | Promise<Generated>)[] = [
  errorCatalogueDocument,
  () => Object.fromEntries(generatedFiles()),
  chartFiles,
  kustomizeFiles,
  kernelFiles,
];

const check = process.argv.includes('--check');
const differing: string[] = [];
for (const generator of generators) {
  for (const [path, content] of Object.entries(await generator())) {
    const target = join(root, path);
    if (existsSync(target) && readFileSync(target).equals(Buffer.from(content))) continue;
    differing.push(path);
    if (check) continue;
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
}
for (const path of differing)
  console.log(check ? `${path} differs from its source; run 'make generate'` : `wrote ${path}`);
if (check && differing.length > 0) process.exitCode = 1;
