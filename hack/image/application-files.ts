import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, root } from '../bundle.ts';
import type { TarEntry } from './tar.ts';

/** Where the program lies in the image; the command `promfleet` on PATH leads to it. */
export const applicationFolder = 'opt/promfleet';

/** Run by the kernel through its first line, so no shell is needed. */
const command = "#!/usr/local/bin/node\nawait import('../dist/main.js');\n";

export interface ApplicationFiles {
  readonly entries: readonly TarEntry[];
  /** Packages whose code is inside, by folder relative to the project: `node_modules/pino`. */
  readonly packageFolders: readonly string[];
}

/** The program with all its packages in one bundle. */
export async function applicationFiles(version: string): Promise<ApplicationFiles> {
  const folder = mkdtempSync(join(root, '.dist-image-'));
  try {
    const modules = await bundle({ to: join(folder, 'dist'), standalone: true });
    const chunks = readdirSync(join(folder, 'dist')).map(
      (name): TarEntry => ({
        path: `${applicationFolder}/dist/${name}`,
        content: readFileSync(join(folder, 'dist', name)),
      }),
    );
    const manifest = JSON.stringify({ name: 'promfleet', version, type: 'module' });
    return {
      entries: [
        ...chunks,
        { path: `${applicationFolder}/package.json`, content: Buffer.from(manifest) },
        {
          path: `${applicationFolder}/bin/promfleet.js`,
          content: Buffer.from(command),
          executable: true,
        },
        { path: 'usr/local/bin/promfleet', link: `/${applicationFolder}/bin/promfleet.js` },
      ],
      packageFolders: packageFoldersOf(modules),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function packageFoldersOf(modules: readonly string[]): readonly string[] {
  const folders = new Set<string>();
  for (const id of modules) {
    const at = id.lastIndexOf('node_modules/');
    if (at < 0) continue;
    const parts = id.slice(at).split('/');
    const depth = parts[1]?.startsWith('@') === true ? 3 : 2;
    folders.add(id.slice(root.length + 1, at) + parts.slice(0, depth).join('/'));
  }
  return [...folders].sort();
}
