import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type TarEntry, tarArchive } from './tar.ts';

/** Architectures in the words of OCI. */
export type Architecture = 'amd64' | 'arm64';

export interface PlatformImage {
  readonly architecture: Architecture;
  /** Lowest first; what changes most often comes last, so that nodes pull only that. */
  readonly layers: readonly (readonly TarEntry[])[];
  readonly config: {
    readonly Entrypoint: readonly string[];
    readonly Env?: readonly string[];
    readonly User?: string;
    readonly WorkingDir?: string;
    readonly Labels?: Readonly<Record<string, string>>;
  };
}

/** Layers packed by gzip for the way over a network, or plain where an image only moves on one machine. */
export type LayerForm = 'gzip' | 'plain';

export interface ImageArchive {
  readonly bytes: Buffer;
  /** Of the index where several architectures are inside, else of the one manifest: what a reference by digest names. */
  readonly digest: string;
  /** Size of all blobs by architecture: what a node downloads. */
  readonly compressedBytes: Readonly<Partial<Record<Architecture, number>>>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string; readonly os: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

const media = 'application/vnd.oci.image.';
/** No time of building: the same files must give the same image. */
const created = '1970-01-01T00:00:00Z';

/**
 * An OCI image layout (image-spec 1.1) in one tar file, as `ctr image import`, `podman load`, `skopeo` and `docker load`
 * of version 25 or newer take it. `name` is the full reference, with registry and tag.
 */
export function ociArchive(
  name: string,
  images: readonly PlatformImage[],
  form: LayerForm = 'gzip',
): ImageArchive {
  const blobs = new Map<string, Buffer>();
  const put = (mediaType: string, bytes: Buffer): Descriptor => {
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const json = (type: string, value: unknown) => put(media + type, Buffer.from(JSON.stringify(value)));
  const compressedBytes: Partial<Record<Architecture, number>> = {};
  const manifests = images.map(({ architecture, layers, config }): Descriptor => {
    const packed = layers.map((entries) => {
      const tar = tarArchive(entries);
      const descriptor =
        form === 'gzip'
          ? put(`${media}layer.v1.tar+gzip`, compressed(tar))
          : put(`${media}layer.v1.tar`, tar);
      return { diffId: sha256(tar), descriptor };
    });
    const configuration = json('config.v1+json', {
      created,
      architecture,
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: packed.map(({ diffId }) => diffId) },
      history: packed.map(() => ({ created, created_by: 'promfleet hack/image' })),
    });
    const manifest = json('manifest.v1+json', {
      schemaVersion: 2,
      mediaType: `${media}manifest.v1+json`,
      config: configuration,
      layers: packed.map(({ descriptor }) => descriptor),
    });
    compressedBytes[architecture] =
      packed.reduce((sum, { descriptor }) => sum + descriptor.size, 0) + configuration.size + manifest.size;
    return { ...manifest, platform: { architecture, os: 'linux' } };
  });
  const annotations = {
    'io.containerd.image.name': name,
    'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
  };
  const [only] = manifests;
  const root =
    manifests.length === 1 && only !== undefined
      ? only
      : json('index.v1+json', { schemaVersion: 2, mediaType: `${media}index.v1+json`, manifests });
  const index = {
    schemaVersion: 2,
    mediaType: `${media}index.v1+json`,
    manifests: [{ ...root, annotations }],
  };
  const bytes = tarArchive([
    { path: 'oci-layout', content: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    { path: 'index.json', content: Buffer.from(JSON.stringify(index)) },
    ...[...blobs].map(([digest, content]) => ({ path: `blobs/${digest.replace(':', '/')}`, content })),
  ]);
  return { bytes, digest: root.digest, compressedBytes };
}

/** Node writes no time into the header of gzip (RFC 1952), so equal input gives equal output. */
function compressed(bytes: Buffer): Buffer {
  return gzipSync(bytes, { level: 9 });
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
