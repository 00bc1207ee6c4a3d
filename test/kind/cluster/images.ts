import { readFileSync } from 'node:fs';
import { type Architecture, ociArchive } from '../../../hack/image/oci-archive.ts';
import { imageCache } from '../../../hack/image/promfleet-image.ts';
import { nobodyId, systemFiles } from '../../../hack/image/system-files.ts';
import type { TarEntry } from '../../../hack/image/tar.ts';

export const architecture: Architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

/** An image of one program: `/bin/<command>`, with the C library where it needs that. */
export async function programImage(options: {
  readonly name: string;
  readonly command: string;
  readonly file: string;
  /** Further files, by path in the image. */
  readonly files?: readonly TarEntry[];
  readonly user?: string;
}): Promise<Buffer> {
  const content = readFileSync(options.file);
  const layers: (readonly TarEntry[])[] = [
    [{ path: `bin/${options.command}`, content, executable: true }, ...(options.files ?? [])],
  ];
  // A dynamically linked ELF file names its loader.
  if (content.subarray(0, 4096).includes('ld-linux'))
    layers.unshift((await systemFiles(architecture, imageCache)).entries);
  const config = {
    Entrypoint: [`/bin/${options.command}`],
    Env: ['PATH=/bin'],
    User: options.user ?? `${nobodyId}:${nobodyId}`,
  };
  return ociArchive(options.name, [{ architecture, layers, config }], 'plain').bytes;
}
