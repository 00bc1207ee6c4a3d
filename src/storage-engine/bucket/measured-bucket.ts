import type { Clock } from '../../base/clock.ts';
import { durationSecondsBuckets, type Metrics } from '../../base/metrics.ts';
import type { Bucket } from './bucket.ts';

/** The same bucket, its requests counted and timed. */
export function measured(bucket: Bucket, clock: Clock, metrics: Metrics): Bucket {
  const requests = metrics.counter('promfleet_bucket_requests_total', 'Requests to the bucket.', [
    'operation',
    'outcome',
  ]);
  const durations = metrics.histogram(
    'promfleet_bucket_request_duration_seconds',
    'Time of requests to the bucket.',
    durationSecondsBuckets,
    ['operation'],
  );
  const bytesRead = metrics.counter('promfleet_bucket_read_bytes_total', 'Bytes read from the bucket.');

  async function watch<T>(operation: string, work: () => Promise<T>): Promise<T> {
    const startMs = clock.monotonicMs();
    try {
      const result = await work();
      requests.add(1, { operation, outcome: 'done' });
      return result;
    } catch (error) {
      requests.add(1, { operation, outcome: 'failed' });
      throw error;
    } finally {
      durations.observe((clock.monotonicMs() - startMs) / 1000, { operation });
    }
  }

  return {
    description: bucket.description,
    head: (key, signal) => watch('head', () => bucket.head(key, signal)),
    async getRange(key, offset, lengthBytes, signal) {
      const bytes = await watch('get', () => bucket.getRange(key, offset, lengthBytes, signal));
      bytesRead.add(bytes.length);
      return bytes;
    },
    async *list(prefix, options) {
      const pages = bucket.list(prefix, options)[Symbol.asyncIterator]();
      for (;;) {
        const { done, value } = await watch('list', () => pages.next());
        if (done === true) return;
        yield value;
      }
    },
    put: (key, body, signal) => watch('put', () => bucket.put(key, body, signal)),
    putIfAbsent: (key, body, signal) => watch('put', () => bucket.putIfAbsent(key, body, signal)),
    delete: (key, signal) => watch('delete', () => bucket.delete(key, signal)),
    close: () => bucket.close(),
  };
}
