import { expect, test } from 'vitest';
import type { Manifest } from '../render/workload/manifest.ts';
import { LiveChildren } from './live-children.ts';
import { identityOf } from './object.ts';

const at = (resourceVersion: string, more: object = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'n', resourceVersion },
  ...more,
});
const manifest = at('');
const identity = identityOf(manifest);
const cacheOf = (object: Manifest | undefined) => new Map(object === undefined ? [] : [[identity, object]]);

function seen(memory: LiveChildren, cached: Manifest | undefined): string | undefined {
  return memory.overlay(cacheOf(cached)).get(identity)?.metadata.resourceVersion;
}

test('an own write counts until the cache shows it', () => {
  const memory = new LiveChildren();
  memory.wrote(manifest, 'h', at('2'), undefined, undefined);
  expect(seen(memory, undefined)).toBe('2');
  expect(memory.cacheShows(at('2'), false)).toBe(true);
  expect(seen(memory, at('3'))).toBe('3');
});

test('echoes of earlier own writes neither hide the last one nor count as changes', () => {
  const memory = new LiveChildren();
  memory.wrote(manifest, 'h', at('2'), undefined, undefined);
  memory.wrote(manifest, 'i', at('3'), undefined, undefined);
  expect(memory.cacheShows(at('2'), false)).toBe(true);
  expect(seen(memory, at('2'))).toBe('3');
});

test('a change by others ends what own writes say', () => {
  const memory = new LiveChildren();
  memory.wrote(manifest, 'h', at('2'), undefined, undefined);
  expect(memory.cacheShows(at('9'), false)).toBe(false);
  expect(seen(memory, at('9'))).toBe('9');
});

test('a write whose echo, and what followed it, came before its answer hides nothing', () => {
  const memory = new LiveChildren();
  memory.cacheShows(at('2'), false);
  memory.cacheShows(at('3'), false);
  memory.wrote(manifest, 'h', at('2'), at('1'), at('3'));
  expect(seen(memory, at('3'))).toBe('3');
});

test('an object that somebody deletes after our write is missed at once', () => {
  const memory = new LiveChildren();
  memory.wrote(manifest, 'h', at('2'), undefined, undefined);
  memory.cacheShows(at('2'), false);
  expect(memory.cacheShows(at('3'), true)).toBe(false);
  expect(seen(memory, undefined)).toBeUndefined();
});

test('an own deletion counts until the cache shows it', () => {
  const memory = new LiveChildren();
  memory.removed(at('2'));
  expect(seen(memory, at('2'))).toBeUndefined();
  expect(memory.cacheShows(at('3'), true)).toBe(true);
  expect(seen(memory, at('4'))).toBe('4');
});
