import { link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { type BlockMeta, isUlid, parseBlockMeta } from '../../storage-engine/format/block-meta.ts';
import {
  encodeShipperFile,
  parseShipperFile,
  shipperFileName,
} from '../../storage-engine/format/shipper-file.ts';

/** Folder, below the data folder, with second names of the files of the block that is being sent. */
const stagingName = 'promfleet-upload';
const emptyTombstonesBytes = 9;

export interface BlockFault {
  readonly ulid: string;
  readonly error: string;
}

/** A block to be sent; a shipper gives its files second names, as Prometheus may delete its own meanwhile. */
export interface StagedBlock {
  readonly folder: string;
  /** Paths below the folder in the order of upload, without meta.json. */
  readonly files: readonly string[];
  readonly sizes: ReadonlyMap<string, number>;
}

/** The data folder of one Prometheus, as the shipper sees it. */
export class DataFolder {
  readonly path: string;
  /** Parent of the staged block. */
  readonly stagingPath: string;
  private readonly metas = new Map<string, BlockMeta>();

  constructor(path: string) {
    this.path = path;
    this.stagingPath = join(path, stagingName);
  }

  /** Finished blocks, oldest first. Blocks that Prometheus is writing or deleting have other names. */
  async blocks(): Promise<{ blocks: readonly BlockMeta[]; faults: readonly BlockFault[] }> {
    const entries = await readdir(this.path, { withFileTypes: true });
    const names = entries
      .filter((entry) => entry.isDirectory() && isUlid(entry.name))
      .map(({ name }) => name);
    const faults: BlockFault[] = [];
    const blocks: BlockMeta[] = [];
    for (const ulid of names.sort().slice(0, limits.shipperBlocks)) {
      try {
        const meta = this.metas.get(ulid) ?? (await readMeta(this.path, ulid));
        if (meta === undefined) continue;
        this.metas.set(ulid, meta);
        blocks.push(meta);
      } catch (error) {
        faults.push({ ulid, error: describeError(error) });
      }
    }
    for (const ulid of this.metas.keys()) if (!names.includes(ulid)) this.metas.delete(ulid);
    blocks.sort((a, b) => a.minTime - b.minTime || (a.ulid < b.ulid ? -1 : 1));
    return { blocks, faults };
  }

  /** Gives the files of a block second names; undefined where Prometheus has deleted it meanwhile. */
  async stage(ulid: string): Promise<StagedBlock | undefined> {
    const from = join(this.path, ulid);
    const folder = join(this.stagingPath, ulid);
    await this.unstage();
    await mkdir(join(folder, 'chunks'), { recursive: true });
    try {
      const { files, sizes } = await blockFolder(from);
      for (const file of [...files, 'meta.json']) await link(join(from, file), join(folder, file));
      return { folder, files, sizes };
    } catch (error) {
      await this.unstage();
      if (isMissing(error) && !(await exists(join(from, 'meta.json')))) return undefined;
      throw error;
    }
  }

  /** Takes second names away, those that a crash left too. */
  async unstage(): Promise<void> {
    await rm(this.stagingPath, { recursive: true, force: true });
  }

  /** ULIDs that are known to be in the bucket; none where the file is absent or cannot be read: it only spares requests. */
  async uploaded(): Promise<ReadonlySet<string>> {
    try {
      const text = await readFile(join(this.path, shipperFileName), 'utf8');
      return text.length > limits.shipperFileBytes ? new Set() : parseShipperFile(text);
    } catch {
      return new Set();
    }
  }

  async setUploaded(ulids: Iterable<string>): Promise<void> {
    const path = join(this.path, shipperFileName);
    const partial = `${path}.tmp`;
    const file = await open(partial, 'w');
    try {
      await file.writeFile(encodeShipperFile(ulids));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  }
}

/** The files of a block in a folder, as they are to be uploaded. */
export async function blockFolder(folder: string): Promise<StagedBlock> {
  const segments = (await readdir(join(folder, 'chunks'))).filter((name) => /^\d{6,}$/.test(name)).sort();
  const files = [...segments.map((name) => `chunks/${name}`), 'index'];
  if (await hasTombstones(join(folder, 'tombstones'))) files.push('tombstones');
  const sizes = new Map<string, number>();
  for (const file of files) sizes.set(file, (await stat(join(folder, file))).size);
  return { folder, files, sizes };
}

async function readMeta(folder: string, ulid: string): Promise<BlockMeta | undefined> {
  const path = join(folder, ulid, 'meta.json');
  const text = await readFile(path, 'utf8').catch((error) => {
    // Deleted since the folder was listed.
    if (isMissing(error)) return undefined;
    throw error;
  });
  return text === undefined ? undefined : parseBlockMeta(text, `block ${ulid}: meta.json`);
}

/** Prometheus writes the file into every block; without entries it is header and checksum alone. */
async function hasTombstones(path: string): Promise<boolean> {
  return stat(path).then(
    ({ size }) => size > emptyTombstonesBytes,
    () => false,
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}
