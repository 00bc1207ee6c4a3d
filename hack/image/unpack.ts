/**
 * Writes the program's own layer of the image as files, for builders that bring Node and the C library themselves.
 *   node hack/image/unpack.ts FOLDER
 */
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../bundle.ts';
import { applicationFiles } from './application-files.ts';
import { nodeComponent, npmComponents } from './bill-of-materials.ts';
import { nodeProgram } from './node-program.ts';
import { documents, imageCache } from './promfleet-image.ts';

const [, , folder] = process.argv;
if (folder === undefined) {
  console.error('usage: unpack FOLDER');
  process.exit(2);
}
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
const application = await applicationFiles(version);
const node = await nodeProgram(architecture, imageCache);
const components = [
  nodeComponent(node.version, node.program, node.license),
  ...npmComponents(application.packageFolders),
];
for (const entry of [...application.entries, ...documents(version, architecture, components)]) {
  const path = join(folder, entry.path);
  mkdirSync(dirname(path), { recursive: true });
  if ('link' in entry) symlinkSync(entry.link, path);
  else if ('content' in entry) {
    writeFileSync(path, entry.content);
    if (entry.executable === true) chmodSync(path, 0o755);
  }
}
