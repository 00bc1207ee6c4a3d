import { promisify } from 'node:util';
import { constants, deflate, gzip, zstdCompress } from 'node:zlib';
import { limits } from '../../base/limits.ts';

const packers = {
  zstd: (body: Buffer) =>
    promisify(zstdCompress)(body, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }),
  gzip: (body: Buffer) => promisify(gzip)(body, { level: 1 }),
  deflate: (body: Buffer) => promisify(deflate)(body, { level: 1 }),
} as const;

type Encoding = keyof typeof packers;

/** The first encoding of `Accept-Encoding` that is known here and not refused by a weight of 0. */
export function chosenEncoding(accepted: string): Encoding | undefined {
  for (const item of accepted.split(',')) {
    const [name, weight] = item.split(';').map((part) => part.trim().toLowerCase());
    const isRefused = weight !== undefined && /^q=0(\.0*)?$/.test(weight);
    if (!isRefused && name !== undefined && Object.hasOwn(packers, name)) return name as Encoding;
  }
  return undefined;
}

/** The body as the client takes it; small ones are sent as they are. */
export async function encodeBody(
  body: Buffer,
  accepted: string,
): Promise<{ body: Buffer; encoding: Encoding | undefined }> {
  const encoding = body.length < limits.compressFromBytes ? undefined : chosenEncoding(accepted);
  return encoding === undefined ? { body, encoding } : { body: await packers[encoding](body), encoding };
}
