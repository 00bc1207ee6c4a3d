import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Debian's Alertmanager and amtool read their default templates from this folder, which exists only where the
 * package is installed. In a copy that is merely unpacked, the path inside the program is replaced by one of the
 * same length that leads to the unpacked templates.
 */
const packagedFolder = '/usr/share/prometheus/alertmanager';

const linkPrefix = '/tmp/promfleet-';

/** Short enough to fit into the program in place of `packagedFolder`; leads to the templates in the cache. */
function linkPath(cacheDir: string): string {
  return `${linkPrefix}${createHash('sha256').update(cacheDir).digest('hex').slice(0, 12)}`;
}

function shareFolder(cacheDir: string): string {
  return join(cacheDir, 'debian-share');
}

/** Whether programs of a package read that folder: others need not be looked into, which takes long for large ones. */
export const readsDebianShare = (packageName: string) => packageName === 'prometheus-alertmanager';

/** Makes an unpacked program find its templates. `root` is the unpacked package. Nothing to do for other programs. */
export async function relocateDebianShare(
  program: string,
  root: string,
  cacheDir: string,
): Promise<string | null> {
  const templates = join(root, packagedFolder);
  if (!existsSync(join(templates, 'default.tmpl'))) return null;
  await mkdir(shareFolder(cacheDir), { recursive: true });
  for (const name of ['default.tmpl', 'email.tmpl']) {
    const from = join(templates, name);
    if (existsSync(from)) await cp(from, join(shareFolder(cacheDir), name));
  }
  const bytes = await readFile(program);
  const at = bytes.indexOf(packagedFolder);
  // Slashes fill the rest: Go and Linux read several as one.
  if (at >= 0) {
    bytes.write(linkPath(cacheDir).padEnd(packagedFolder.length, '/'), at, 'latin1');
    await writeFile(program, bytes);
  }
  return linkDebianShare(cacheDir);
}

/**
 * What a cached program needs to find its templates: the link, which a restart of the machine removes, and the path
 * inside, which is of another cache where the folder was moved or copied.
 */
export async function renewDebianShare(program: string, cacheDir: string): Promise<void> {
  if (!existsSync(shareFolder(cacheDir))) return;
  linkDebianShare(cacheDir);
  const bytes = await readFile(program);
  const at = bytes.indexOf(linkPrefix);
  const wanted = linkPath(cacheDir);
  if (at < 0 || bytes.toString('latin1', at, at + wanted.length) === wanted) return;
  bytes.write(wanted, at, 'latin1');
  // A new file under the old name: the old one may be running, or be shared with the cache it was copied from.
  const renewed = `${program}.${process.pid}`;
  await writeFile(renewed, bytes, { mode: 0o755 });
  await rename(renewed, program);
}

/** Makes the link, or makes it anew. Returns why it cannot be made, or null. */
function linkDebianShare(cacheDir: string): string | null {
  const [link, target] = [linkPath(cacheDir), shareFolder(cacheDir)];
  if (!existsSync(target)) return null;
  const found = lstatSync(link, { throwIfNoEntry: false });
  if (found !== undefined) {
    if (!found.isSymbolicLink() || found.uid !== process.getuid?.())
      return `${link} belongs to somebody else`;
    if (readlinkSync(link) === target) return null;
    unlinkSync(link);
  }
  try {
    symlinkSync(target, link);
  } catch (error) {
    // Another process made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return null;
}
