import { expect, test } from 'vitest';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { CodedError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { getObject } from './bucket.ts';
import { followBucket } from './followed-bucket.ts';
import { MemoryBucket } from './memory-bucket.ts';

/** A store per configuration text, each with an object `who` that holds the text. */
async function world() {
  const clock = new VirtualClock();
  const closed: string[] = [];
  const said: string[] = [];
  const file = { text: 'a' };
  const bucket = await followBucket({
    clock,
    read: async () => {
      if (file.text === 'unreadable') throw new CodedError('BucketConfigInvalid', 'it cannot be read');
      return file.text;
    },
    open: async (text) => {
      if (text === 'broken') throw new CodedError('BucketConfigInvalid', 'it is not YAML');
      const store = new MemoryBucket(clock);
      await store.put('who', Buffer.from(text));
      store.close = async () => void closed.push(text);
      return store;
    },
    say: (message) => said.push(message),
  });
  const who = async () => Buffer.from(await getObject(bucket, 'who', 100)).toString();
  return { bucket, clock, closed, said, file, who };
}

test('a changed configuration is in use after a while, and the bucket before it is closed', async () => {
  const { clock, file, who, closed, said } = await world();
  file.text = 'b';
  expect(await who()).toBe('a');
  await clock.advance(limits.bucketConfigCheckMs);
  expect(await who()).toBe('b');
  expect(closed).toEqual(['a']);
  expect(said).toEqual(['the configuration of the bucket changed and is in use']);
});

test.each(['unreadable', 'broken'])(
  'one that is %s changes nothing, is told, and is replaced by the next',
  async (text) => {
    const { clock, file, who, closed, said } = await world();
    file.text = text;
    await clock.advance(limits.bucketConfigCheckMs);
    expect(await who()).toBe('a');
    expect(said).toHaveLength(1);
    file.text = 'c';
    await clock.advance(limits.bucketConfigCheckMs);
    expect(await who()).toBe('c');
    expect(closed).toEqual(['a']);
  },
);

test('a broken one is told once', async () => {
  const { clock, file, who, said } = await world();
  file.text = 'broken';
  for (let n = 0; n < 3; n++) {
    await clock.advance(limits.bucketConfigCheckMs);
    await who();
  }
  expect(said).toHaveLength(1);
});

test('what has begun ends on the bucket it began on, which is closed then', async () => {
  const { bucket, clock, file, who, closed } = await world();
  const pages = bucket.list('')[Symbol.asyncIterator]();
  await pages.next();
  file.text = 'b';
  await clock.advance(limits.bucketConfigCheckMs);
  expect(await who()).toBe('b');
  expect(closed).toEqual([]);
  await pages.next();
  expect(closed).toEqual(['a']);
});
