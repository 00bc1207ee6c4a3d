/** What an archive holds. Paths are relative, with `/`; content of a folder is not implied by its entry. */
export type TarEntry =
  | { readonly path: string; readonly content: Uint8Array; readonly executable?: boolean }
  | { readonly path: string; readonly link: string }
  | { readonly path: string; readonly folder: true; readonly mode?: number };

const blockBytes = 512;

/**
 * A POSIX ustar archive (IEEE 1003.1). Its bytes depend on the entries alone: they are sorted by path, belong to root and
 * have the time zero. Folders above an entry are added. Throws for paths that ustar cannot hold.
 */
export function tarArchive(entries: readonly TarEntry[]): Buffer {
  const all = new Map<string, TarEntry>();
  for (const entry of entries) {
    const parts = entry.path.split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      const path = parts.slice(0, depth).join('/');
      if (!all.has(path)) all.set(path, { path, folder: true });
    }
    all.set(entry.path, entry);
  }
  const blocks: Buffer[] = [];
  for (const entry of [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    blocks.push(header(entry));
    if (!('content' in entry)) continue;
    blocks.push(Buffer.from(entry.content.buffer, entry.content.byteOffset, entry.content.byteLength));
    const rest = entry.content.byteLength % blockBytes;
    if (rest > 0) blocks.push(Buffer.alloc(blockBytes - rest));
  }
  blocks.push(Buffer.alloc(2 * blockBytes));
  return Buffer.concat(blocks);
}

function header(entry: TarEntry): Buffer {
  const block = Buffer.alloc(blockBytes);
  const isFolder = 'folder' in entry;
  const { name, prefix } = splitPath(isFolder ? `${entry.path}/` : entry.path);
  const octal = (value: number, offset: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset, 'latin1');
  block.write(name, 0, 'utf8');
  octal(modeOf(entry), 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal('content' in entry ? entry.content.byteLength : 0, 124, 12);
  octal(0, 136, 12);
  block.write('        ', 148, 'latin1');
  block.write(isFolder ? '5' : 'link' in entry ? '2' : '0', 156, 'latin1');
  if ('link' in entry) {
    if (Buffer.byteLength(entry.link) > 100) throw new Error(`${entry.path}: its target is too long for tar`);
    block.write(entry.link, 157, 'utf8');
  }
  block.write('ustar\u000000', 257, 'latin1');
  octal(0, 329, 8);
  octal(0, 337, 8);
  block.write(prefix, 345, 'utf8');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function modeOf(entry: TarEntry): number {
  if ('folder' in entry) return entry.mode ?? 0o755;
  if ('link' in entry) return 0o777;
  return entry.executable === true ? 0o755 : 0o644;
}

/** A path of more than 100 bytes is cut at a slash: at most 155 bytes before it, 100 after. */
function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' };
  for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(prefix) <= 155 && name !== '' && Buffer.byteLength(name) <= 100)
      return { name, prefix };
  }
  throw new Error(`${path} is too long for tar`);
}
