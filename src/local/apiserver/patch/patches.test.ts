import { describe, expect, test } from 'vitest';
import { builtinTypes } from '../kinds/builtin.ts';
import { applyJsonPatch, JsonPatchFault } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { applyStrategicMergePatch } from './strategic-merge.ts';

describe('merge patches', () => {
  test.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'foo' }, null, null],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('of %j by %j give %j (RFC 7386, appendix A)', (target, patch, expected) => {
    expect(applyMergePatch(target, patch)).toEqual(expected);
  });

  test('keep a field that is called __proto__ a field', () => {
    const result = applyMergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}')) as object;
    expect(Object.hasOwn(result, '__proto__')).toBe(true);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('JSON patches', () => {
  test.each([
    [{ a: [1, 2] }, [{ op: 'add', path: '/a/1', value: 9 }], { a: [1, 9, 2] }],
    [{ a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
    [
      { 'x/y': 1, 'm~n': 2 },
      [
        { op: 'remove', path: '/x~1y' },
        { op: 'replace', path: '/m~0n', value: 3 },
      ],
      { 'm~n': 3 },
    ],
    [{ a: { b: 1 } }, [{ op: 'move', from: '/a/b', path: '/c' }], { a: {}, c: 1 }],
    [{ a: { b: 1 } }, [{ op: 'copy', from: '/a', path: '/c' }], { a: { b: 1 }, c: { b: 1 } }],
    [{ a: 1 }, [{ op: 'test', path: '/a', value: 1 }], { a: 1 }],
    [{ a: 1 }, [{ op: 'replace', path: '', value: [] }], []],
  ])('of %j by %j give %j', (document, patch, expected) => {
    const before = structuredClone(document);
    expect(applyJsonPatch(document, patch)).toEqual(expected);
    expect(document).toEqual(before);
  });

  test.each([
    [{ op: 'remove', path: '/gone' }],
    [{ op: 'replace', path: '/a/b', value: 1 }],
    [{ op: 'add', path: '/list/7', value: 1 }],
    [{ op: 'add', path: 'no-pointer', value: 1 }],
    [{ op: 'test', path: '/a', value: 2 }],
    [{ op: 'dance', path: '/a' }],
  ])('with the operation %j are refused', (operation) => {
    expect(() => applyJsonPatch({ a: 1, list: [] }, [operation])).toThrow(JsonPatchFault);
  });
});

describe('strategic merge patches', () => {
  const schema = builtinTypes.schema('PodSpec');
  const patched = (target: unknown, patch: unknown) => applyStrategicMergePatch(target, patch, schema);
  const a = { name: 'a', image: '1' };
  const b = { name: 'b', image: '2' };

  test.each([
    [
      'merge items by their key',
      { containers: [a, b] },
      { containers: [{ name: 'b', image: '3' }] },
      { containers: [a, { name: 'b', image: '3' }] },
    ],
    ['append items with a new key', { containers: [a] }, { containers: [b] }, { containers: [a, b] }],
    [
      'delete an item',
      { containers: [a, b] },
      { containers: [{ name: 'a', $patch: 'delete' }] },
      { containers: [b] },
    ],
    [
      'replace a list',
      { containers: [a, b] },
      { containers: [{ $patch: 'replace' }, b] },
      { containers: [b] },
    ],
    [
      'replace a map',
      { nodeSelector: { a: '1' } },
      { nodeSelector: { $patch: 'replace', b: '2' } },
      { nodeSelector: { b: '2' } },
    ],
    [
      'replace a list that is one value',
      { tolerations: [{ key: 'a' }] },
      { tolerations: [{ key: 'b' }] },
      { tolerations: [{ key: 'b' }] },
    ],
    [
      'order items',
      { containers: [a, b] },
      { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
      { containers: [b, a] },
    ],
    [
      'keep only the named keys',
      { volumes: [{ name: 'v', emptyDir: {} }] },
      { volumes: [{ $retainKeys: ['name', 'hostPath'], name: 'v', hostPath: { path: '/' } }] },
      { volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    ],
  ])('%s', (_title, target, patch, expected) => {
    expect(patched(target, patch)).toEqual(expected);
  });
});
