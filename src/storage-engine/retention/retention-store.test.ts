import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { objectNotFound } from '../bucket/bucket.ts';
import { MemoryBucket } from '../bucket/memory-bucket.ts';
import type { Erasure, RetentionDocument } from '../format/retention-document.ts';
import { publishRetention, RetentionStore, retentionKey } from './retention-store.ts';

const erasure = (id: string, untilMs = 5): Erasure => ({
  id,
  matchers: [{ name: 'user', op: '=', value: id }],
  untilMs,
  requestedAtMs: untilMs,
  reason: 'r',
  policy: 'a/p',
});

function document(parts: Partial<RetentionDocument> = {}): RetentionDocument {
  return {
    version: 1,
    generation: 1,
    writtenAtMs: 1,
    stack: 'monitoring/main',
    scope: {},
    policies: [],
    erasures: [],
    ...parts,
  };
}

/** A bucket that can be cut off. */
class CutBucket extends MemoryBucket {
  isCut = false;
  lists = 0;
  override list(...args: Parameters<MemoryBucket['list']>) {
    this.lists++;
    if (this.isCut) throw objectNotFound(this, 'all');
    return super.list(...args);
  }
}

function world() {
  const clock = new VirtualClock();
  const bucket = new CutBucket(clock);
  return { clock, bucket, store: new RetentionStore(bucket, clock) };
}

const ids = (list: readonly { readonly document: RetentionDocument }[]) =>
  list.flatMap(({ document: { erasures } }) => erasures.map(({ id }) => id));

describe('a reader of retention documents', () => {
  it('sees a change after the refresh interval, and lists no more often', async () => {
    const { clock, bucket, store } = world();
    expect(await store.current()).toEqual([]);
    await publishRetention(bucket, document({ erasures: [erasure('7')] }));
    expect(ids(await store.current())).toEqual([]);
    expect(bucket.lists).toBe(1);
    await clock.advance(20_000);
    expect(ids(await store.current())).toEqual(['7']);
    expect(store.generation).toBe('monitoring/main=1');
  });

  it('goes on with what it knows for a minute without the bucket, then refuses to answer until it is back', async () => {
    const { clock, bucket, store } = world();
    await publishRetention(bucket, document({ erasures: [erasure('7')] }));
    await store.current();
    bucket.isCut = true;
    await clock.advance(59_000);
    expect(ids(await store.current())).toEqual(['7']);
    await clock.advance(20_001);
    await expect(store.current()).rejects.toMatchObject({ code: 'RetentionUnknown' });
    bucket.isCut = false;
    await clock.advance(20_000);
    expect(ids(await store.current())).toEqual(['7']);
  });

  it('refuses to answer where a document is damaged: it could hide something', async () => {
    const { clock, bucket, store } = world();
    await bucket.put(retentionKey('a/b'), new TextEncoder().encode('{"version":1'));
    await expect(store.current()).rejects.toThrow('not JSON');
    await bucket.delete(retentionKey('a/b'));
    await clock.advance(20_000);
    expect(await store.current()).toEqual([]);
  });
});

describe('publishing', () => {
  it('writes nothing where the bucket holds it already', async () => {
    const { bucket } = world();
    const first = await publishRetention(bucket, document());
    expect(await publishRetention(bucket, document({ writtenAtMs: 99, generation: 5 }))).toEqual(first);
  });

  it('never takes an erasure away nor changes its time, and counts on', async () => {
    const { bucket } = world();
    await publishRetention(bucket, document({ generation: 7, erasures: [erasure('a', 5)] }));
    const next = await publishRetention(bucket, document({ erasures: [erasure('a', 9), erasure('b', 9)] }));
    expect(next.erasures.map(({ id, untilMs }) => [id, untilMs])).toEqual([
      ['a', 5],
      ['b', 9],
    ]);
    expect(next.generation).toBe(8);
    expect((await publishRetention(bucket, document())).generation).toBe(8);
  });

  it('keeps the documents of stacks apart', async () => {
    const { bucket, store } = world();
    await publishRetention(bucket, document({ stack: 'a/b', erasures: [erasure('1')] }));
    await publishRetention(bucket, document({ stack: 'a.b/c', erasures: [erasure('2')] }));
    expect(ids(await store.current()).sort()).toEqual(['1', '2']);
  });
});
