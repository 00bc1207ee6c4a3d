/**
 * Bundles src/main.ts into dist/, one chunk per role that main.ts imports lazily, so that an agent loads only
 * what it needs. Output goes to a folder of its own first and is renamed, so a running build never shows
 * half a program.
 */
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const root = join(import.meta.dirname, '..');
const out = mkdtempSync(join(root, '.dist-'));
const started = new Date();
try {
  const bundle = await rolldown({
    input: {
      main: join(root, 'src/main.ts'),
      // Started as a thread by the chunk beside it, so under this very name.
      'compile-worker': join(root, 'src/controllers/operator/compile-worker.ts'),
    },
    platform: 'node',
    external: [/^node:/, '@kubernetes/client-node', /^@aws-sdk\//],
    logLevel: 'warn',
  });
  await bundle.write({
    dir: out,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    sourcemap: true,
  });
  await bundle.close();
  copyFileSync(join(root, 'src/storage-engine/kernels/kernels.wasm'), join(out, 'kernels.wasm'));
  utimesSync(join(out, 'main.js'), started, started);
  const dist = join(root, 'dist');
  const old = `${out}.old`;
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(out, dist);
  rmSync(old, { recursive: true, force: true });
} catch (error) {
  rmSync(out, { recursive: true, force: true });
  throw error;
}
