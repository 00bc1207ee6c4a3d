import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackDebianPackages } from './debian-packages.ts';
import { relocateDebianShare } from './debian-share.ts';
import type { Way } from './way.ts';

/** The package of Debian unstable, unpacked beside the system. */
export const debianWay: Way = {
  title: 'Debian package',
  async obtain(entry, context) {
    const { packageName, path } = entry.debian;
    const unpacked = await unpackDebianPackages({ packageNames: [packageName], suite: 'sid' }, context);
    if ('skipped' in unpacked) return unpacked;
    const program = join(unpacked.root, path);
    if (!existsSync(program))
      return { skipped: `${packageName} ${unpacked.versions.get(packageName)} has no /${path}` };
    const unshared = await relocateDebianShare(program, unpacked.root, context.cacheDir);
    if (unshared !== null) return { skipped: unshared };
    const found = join(context.scratchDir, entry.name);
    await rename(program, found);
    return { file: found };
  },
};
