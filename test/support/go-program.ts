import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { buildWithGo, type GoProgram } from '../../src/local/programs/way-go.ts';

/**
 * Builds a program that only tests need from its Go module and returns its absolute path. Kept outside the tree, so
 * that a clean clone on the same machine does not build it again. Fails loudly where Go is missing.
 */
export async function goProgram(program: GoProgram): Promise<string> {
  const cacheDir = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'promfleet');
  const target = join(cacheDir, `${program.name}-${program.version}`);
  if (existsSync(target)) return target;
  mkdirSync(cacheDir, { recursive: true });
  const scratchDir = mkdtempSync(join(cacheDir, 'build-'));
  try {
    const { platform, arch, env: environment } = process;
    const say = (message: string) => console.log(`${program.name}: ${message}`);
    const built = await buildWithGo(program, { cacheDir, scratchDir, environment, platform, arch, say });
    if ('skipped' in built) throw new Error(`${program.name} cannot be built: ${built.skipped}`);
    renameSync(built.file, target);
  } finally {
    rmSync(scratchDir, { recursive: true, force: true });
  }
  return target;
}
