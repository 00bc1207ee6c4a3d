import { ByteReader } from './byte-reader.ts';
import { crc32c } from './crc32c.ts';

const tombstonesMagic = 0x0130ba30;

/** Deleted time of one series, both ends included, milliseconds since the epoch. */
export interface Tombstone {
  /** Series reference as in the postings of the block's index. */
  readonly series: number;
  readonly minTime: number;
  readonly maxTime: number;
}

/** Decodes a block's tombstones file: magic, version 1, varint triples, CRC-32C of the triples. */
export function decodeTombstones(bytes: Uint8Array): Tombstone[] {
  const header = new ByteReader(bytes, 'tombstones');
  const magic = header.uint32();
  if (magic !== tombstonesMagic) throw header.corrupt(`magic is 0x${magic.toString(16)}, not 0x0130ba30`);
  const version = header.uint8();
  if (version !== 1) throw header.corrupt(`version is ${version}, not 1`);
  if (header.remaining() < 4) throw header.corrupt('the checksum is missing');
  const reader = new ByteReader(bytes, 'tombstones', header.position, bytes.length - 4);
  const stored = new ByteReader(bytes, 'tombstones', bytes.length - 4).uint32();
  const actual = crc32c(bytes, header.position, bytes.length - 4);
  if (stored !== actual)
    throw reader.corrupt(`checksum is 0x${actual.toString(16)}, stored is 0x${stored.toString(16)}`);
  const found: Tombstone[] = [];
  while (reader.remaining() > 0)
    found.push({ series: reader.uvarint(), minTime: reader.varint(), maxTime: reader.varint() });
  return found;
}
