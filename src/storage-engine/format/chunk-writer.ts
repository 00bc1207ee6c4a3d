import type { ByteWriter } from './byte-writer.ts';
import { crc32c } from './crc32c.ts';

/** First bytes of a segment file: magic, version 1, padding. */
export const segmentHeader: Uint8Array = Uint8Array.of(0x85, 0xbd, 0x40, 0xdd, 1, 0, 0, 0);

/** Appends a whole entry of a segment: length, encoding, data, CRC-32C of encoding and data. */
export function appendChunkEntry(writer: ByteWriter, encoding: number, data: Uint8Array): void {
  writer.uvarint(data.length);
  const start = writer.length;
  writer.uint8(encoding);
  writer.raw(data);
  writer.uint32(crc32c(writer.bytes, start, writer.length));
}
