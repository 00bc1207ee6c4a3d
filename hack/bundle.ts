import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

export const root = join(import.meta.dirname, '..');

export interface BundleOptions {
  /** Absolute; replaced as a whole. */
  readonly to: string;
  /** With every package inside, so that it runs without node_modules; else large ones are left to node_modules. */
  readonly standalone: boolean;
}

/**
 * Bundles the program. Output goes to a folder of its own first and is renamed, so a running build never shows half a
 * program. Returns the paths of all modules that are inside.
 */
export async function bundle({ to, standalone }: BundleOptions): Promise<readonly string[]> {
  const out = mkdtempSync(join(root, '.dist-'));
  const started = new Date();
  try {
    const built = await rolldown({
      input: {
        main: join(root, 'src/main.ts'),
        // Started as a thread by the chunk beside it, so under this very name.
        'compile-worker': join(root, 'src/controllers/operator/compile-worker.ts'),
        'query-thread': join(root, 'src/storage-engine/query/fused/thread.ts'),
        'batch-worker': join(root, 'src/storage-engine/lifecycle/rewrite/batch-worker.ts'),
      },
      platform: 'node',
      external: standalone ? [/^node:/] : [/^node:/, '@kubernetes/client-node', /^@aws-sdk\//],
      logLevel: 'warn',
    });
    const { output } = await built.write({
      dir: out,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: '[name]-[hash].js',
      sourcemap: !standalone,
    });
    await built.close();
    copyFileSync(join(root, 'src/storage-engine/kernels/kernels.wasm'), join(out, 'kernels.wasm'));
    utimesSync(join(out, 'main.js'), started, started);
    const old = `${out}.old`;
    if (existsSync(to)) renameSync(to, old);
    renameSync(out, to);
    rmSync(old, { recursive: true, force: true });
    return output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []));
  } catch (error) {
    rmSync(out, { recursive: true, force: true });
    throw error;
  }
}
