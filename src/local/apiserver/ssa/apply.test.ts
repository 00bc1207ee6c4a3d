import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ApiError } from '../api-error.ts';
import type { KubeObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import {
  decodeFieldSet,
  difference,
  emptySet,
  encodeFieldSet,
  equalSets,
  type FieldSet,
  intersection,
  union,
} from './field-set.ts';
import { applyConfiguration } from './managed-fields.ts';

const schema: Schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        groups: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            properties: { name: { type: 'string' }, rules: { type: 'array', items: { type: 'string' } } },
          },
        },
        tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        size: { type: 'integer' },
      },
    },
  },
};

const blank: KubeObject = { apiVersion: 'g/v1', kind: 'K', metadata: { name: 'a' } };

function apply(live: KubeObject, manager: string, spec: unknown, force = false): KubeObject {
  const writer = { manager, apiVersion: 'g/v1', subresource: '', nowMs: 0, resetFields: emptySet() };
  return applyConfiguration(live, { ...blank, metadata: { name: 'a' }, spec }, {}, schema, writer, force);
}

describe('server-side apply', () => {
  test('removes what its manager no longer states and nobody else owns', () => {
    const first = apply(blank, 'one', { size: 1, tags: ['a', 'b'], groups: [{ name: 'g', rules: ['x'] }] });
    const shared = apply(first, 'two', { tags: ['b'] });
    expect(apply(shared, 'one', { tags: ['c'] }).spec).toEqual({ tags: ['b', 'c'] });
  });

  test('refuses to change what another manager owns, unless forced', () => {
    const live = apply(blank, 'one', { size: 1 });
    expect(() => apply(live, 'two', { size: 2 })).toThrow(ApiError);
    const forced = apply(live, 'two', { size: 2 }, true);
    expect(forced.spec).toEqual({ size: 2 });
    expect(forced.metadata.managedFields?.map((entry) => entry.manager)).toEqual(['two']);
  });

  test('shares a field between managers that state the same value', () => {
    const both = apply(apply(blank, 'one', { size: 1 }), 'two', { size: 1 });
    expect(apply(both, 'one', {}).spec).toEqual({ size: 1 });
  });

  test('changes nothing when the same configuration comes again, and owns exactly what it states', () => {
    const item = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      rules: fc.array(fc.string(), { maxLength: 2 }),
    });
    const spec = fc.record({
      groups: fc.uniqueArray(item, { selector: (group) => group.name, maxLength: 3 }),
      tags: fc.uniqueArray(fc.constantFrom('x', 'y', 'z')),
      size: fc.integer(),
    });
    fc.assert(
      fc.property(spec, spec, (first, second) => {
        const once = apply(blank, 'one', first);
        expect(apply(once, 'one', first)).toEqual(once);
        const changed = apply(once, 'one', second);
        const fresh = apply(blank, 'one', second);
        const sorted = (object: KubeObject) => {
          const { groups = [], tags = [], size } = object.spec as typeof second;
          return {
            size,
            tags: [...tags].sort(),
            groups: [...groups].sort((a, b) => (a.name < b.name ? -1 : 1)),
          };
        };
        expect(sorted(changed)).toEqual(sorted(fresh));
        expect(changed.metadata.managedFields).toEqual(fresh.metadata.managedFields);
      }),
    );
  });
});

describe('field sets', () => {
  const set: fc.Arbitrary<FieldSet> = fc
    .array(fc.array(fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:1'), { minLength: 1, maxLength: 3 }), {
      maxLength: 6,
    })
    .map((paths) => {
      const root = emptySet();
      for (const path of paths) {
        let at = root;
        for (const step of path) {
          const next = at.children.get(step) ?? emptySet();
          at.children.set(step, next);
          at = next;
        }
        at.member = true;
      }
      return root;
    });

  test('survive their encoding', () => {
    fc.assert(fc.property(set, (value) => equalSets(decodeFieldSet(encodeFieldSet(value)), value)));
  });

  test('obey the laws of sets', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        expect(equalSets(union(difference(a, b), intersection(a, b)), a)).toBe(true);
        expect(equalSets(intersection(difference(a, b), b), emptySet())).toBe(true);
        expect(equalSets(union(a, b), union(b, a))).toBe(true);
      }),
    );
  });
});
