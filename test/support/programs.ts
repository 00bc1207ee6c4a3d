import { join } from 'node:path';
import type { ProgramName } from '../../src/local/programs/catalogue.ts';
import { ensureProgram } from '../../src/local/programs/ensure.ts';

const root = join(import.meta.dirname, '..', '..');

/** Absolute path of a real program; shares the project's cache with `promfleet local`. */
export function realProgram(name: ProgramName): Promise<string> {
  return ensureProgram(name, {
    cacheDir: join(root, '.promfleet', 'programs'),
    progress: (event) => {
      if (event.state !== 'doing') console.log(`${event.program}: ${event.message}`);
    },
  });
}
