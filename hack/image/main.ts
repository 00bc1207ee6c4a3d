/**
 * Builds the image of promfleet as an OCI archive.
 *   node hack/image/main.ts [--arch amd64,arm64] [--name REFERENCE] [--out FILE]
 * Default: this machine's architecture, `ghcr.io/promfleet/promfleet:v<version>`, `dist/promfleet-<version>.tar`.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../bundle.ts';
import type { Architecture } from './oci-archive.ts';
import { promfleetImage } from './promfleet-image.ts';

const known: readonly Architecture[] = ['amd64', 'arm64'];
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: process.arch === 'arm64' ? 'arm64' : 'amd64' },
    name: { type: 'string', default: `ghcr.io/promfleet/promfleet:v${version}` },
    out: { type: 'string', default: join(root, 'dist', `promfleet-${version}.tar`) },
  },
});
const wanted = values.arch.split(',');
const architectures = known.filter((each) => wanted.includes(each));
if (architectures.length !== wanted.length) {
  console.error(`--arch ${values.arch}: only ${known.join(' and ')} are known`);
  process.exit(2);
}
const archive = await promfleetImage(values.name, architectures);
const out = resolve(values.out);
mkdirSync(dirname(out), { recursive: true });
writeFileSync(`${out}.part`, archive.bytes);
renameSync(`${out}.part`, out);
console.log(`${values.name}@${archive.digest}`);
for (const [architecture, bytes] of Object.entries(archive.compressedBytes))
  console.log(`  ${architecture}: ${(bytes / 1e6).toFixed(1)} MB compressed`);
console.log(`  written to ${out}`);
