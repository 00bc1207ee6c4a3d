import type { Bucket, ListPage } from './bucket.ts';

/** A bucket whose keys all lie below `prefix` (no slash at its ends) of another. */
export function prefixed(bucket: Bucket, prefix: string): Bucket {
  const full = (key: string) => `${prefix}/${key}`;
  const cut = (key: string) => key.slice(prefix.length + 1);
  return {
    description: `${bucket.description}, prefix ${prefix}`,
    async head(key, signal) {
      const found = await bucket.head(full(key), signal);
      return found && { ...found, key };
    },
    getRange: (key, offset, lengthBytes, signal) => bucket.getRange(full(key), offset, lengthBytes, signal),
    async *list(below, options = {}): AsyncIterable<ListPage> {
      const inner =
        options.startAfter === undefined ? options : { ...options, startAfter: full(options.startAfter) };
      for await (const page of bucket.list(full(below), inner)) {
        yield {
          objects: page.objects.map((object) => ({ ...object, key: cut(object.key) })),
          prefixes: page.prefixes.map(cut),
        };
      }
    },
    put: (key, body, signal) => bucket.put(full(key), body, signal),
    putIfAbsent: (key, body, signal) => bucket.putIfAbsent(full(key), body, signal),
    delete: (key, signal) => bucket.delete(full(key), signal),
    close: () => bucket.close(),
    ...(bucket.localPath && { localPath: (key: string) => bucket.localPath!(full(key)) }),
  };
}
