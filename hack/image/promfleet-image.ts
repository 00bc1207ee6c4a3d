import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../bundle.ts';
import { applicationFiles } from './application-files.ts';
import {
  billPath,
  type Component,
  cycloneDx,
  debianComponent,
  licenseList,
  licenseListPath,
  nodeComponent,
  npmComponents,
} from './bill-of-materials.ts';
import { nodeProgram } from './node-program.ts';
import {
  type Architecture,
  type ImageArchive,
  type LayerForm,
  ociArchive,
  type PlatformImage,
} from './oci-archive.ts';
import { nobodyId, systemFiles } from './system-files.ts';
import type { TarEntry } from './tar.ts';

/** Keeps package lists and Node for other architectures between builds. */
export const imageCache = join(root, '.promfleet', 'image');

const certificates = '/etc/ssl/certs/ca-certificates.crt';

/** The one image for all roles. `name` is its full reference. */
export async function promfleetImage(
  name: string,
  architectures: readonly Architecture[],
  form: LayerForm = 'gzip',
): Promise<ImageArchive> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const application = await applicationFiles(version);
  const npm = npmComponents(application.packageFolders);
  const images: PlatformImage[] = [];
  for (const architecture of architectures) {
    const system = await systemFiles(architecture, imageCache);
    const node = await nodeProgram(architecture, imageCache);
    const components = [
      nodeComponent(node.version, node.program, node.license),
      ...system.packages.map(debianComponent),
      ...npm,
    ];
    images.push({
      architecture,
      layers: [
        system.entries,
        [{ path: 'usr/local/bin/node', content: node.program, executable: true }],
        [...application.entries, ...documents(version, architecture, components)],
      ],
      config: {
        Entrypoint: ['promfleet'],
        Env: [
          'PATH=/usr/local/bin',
          'NODE_ENV=production',
          // Authorities are the file's, so that a company's own can be mounted over it.
          'NODE_OPTIONS=--use-openssl-ca',
          `SSL_CERT_FILE=${certificates}`,
        ],
        User: `${nobodyId}:${nobodyId}`,
        WorkingDir: '/',
        Labels: {
          'org.opencontainers.image.title': 'promfleet',
          'org.opencontainers.image.version': version,
          'org.opencontainers.image.licenses': 'Apache-2.0',
        },
      },
    });
  }
  return ociArchive(name, images, form);
}

/** Bill of materials and licences of what is inside. */
export function documents(
  version: string,
  architecture: Architecture,
  components: readonly Component[],
): readonly TarEntry[] {
  return [
    { path: billPath, content: Buffer.from(cycloneDx(version, architecture, components)) },
    { path: licenseListPath, content: Buffer.from(licenseList(components)) },
    { path: 'usr/share/promfleet/LICENSE', content: readFileSync(join(root, 'LICENSE')) },
  ];
}
