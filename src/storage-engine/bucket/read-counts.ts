import { AsyncLocalStorage } from 'node:async_hooks';
import type { Bucket } from './bucket.ts';

/** Requests to a store, and bytes that they brought. */
export interface ReadCounts {
  requests: number;
  bytes: number;
}

const current = new AsyncLocalStorage<ReadCounts>();

/** Runs `work`; what it asks of counted buckets, in whatever it awaits, is added to `counts`. */
export function countReads<T>(counts: ReadCounts, work: () => T): T {
  return current.run(counts, work);
}

/** The same bucket, its reads added to the counts of whoever asks. */
export function counted(bucket: Bucket): Bucket {
  const count = (bytes: number) => {
    const counts = current.getStore();
    if (counts === undefined) return;
    counts.requests++;
    counts.bytes += bytes;
  };
  return {
    description: bucket.description,
    head(key, signal) {
      count(0);
      return bucket.head(key, signal);
    },
    async getRange(key, offset, lengthBytes, signal) {
      const bytes = await bucket.getRange(key, offset, lengthBytes, signal);
      count(bytes.length);
      return bytes;
    },
    async *list(prefix, options) {
      for await (const page of bucket.list(prefix, options)) {
        count(0);
        yield page;
      }
    },
    put: (key, body, signal) => bucket.put(key, body, signal),
    putIfAbsent: (key, body, signal) => bucket.putIfAbsent(key, body, signal),
    delete: (key, signal) => bucket.delete(key, signal),
    close: () => bucket.close(),
  };
}
