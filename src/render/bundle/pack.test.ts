import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../../base/limits.ts';
import { randomBelow, seededRandom } from '../../base/random.ts';
import { changeTo, emptyPacking, type Packing, pack, recoverPacking, slotOf } from './pack.ts';
import type { BundleFile } from './slot.ts';

const names = Array.from({ length: 4 }, (_, n) => `main-rules-0${n}`);

function file(path: string, content = `groups: [{name: ${path}}]\n`): BundleFile {
  return { path, content };
}

/** Text that does not compress below about three quarters of its size. */
function noise(seed: number, chars: number): string {
  const bytes = new Uint8Array(chars);
  const random = seededRandom(seed);
  for (let i = 0; i < chars; i++) bytes[i] = 33 + randomBelow(random, 90);
  return Buffer.from(bytes).toString('latin1');
}

/** Slot name -> hash: cheap to compare. */
function hashes(packing: Packing): Record<string, string> {
  return Object.fromEntries([...packing.values()].map(({ name, hash }) => [name, hash]));
}

function allFiles(packing: Packing): BundleFile[] {
  return [...packing.values()].flatMap((slot) => [...slot.files.values()]);
}

test('a changed file rewrites its slot and no other', () => {
  const files = Array.from({ length: 40 }, (_, n) => file(`rules/a/f${n}.yaml`, noise(n, 3000)));
  const first = pack(emptyPacking, { put: files, remove: [] }, names);
  expect(first.changed.length).toBeGreaterThan(1);
  const target = slotOf(first.packing, 'rules/a/f7.yaml')!.name;
  const second = pack(first.packing, { put: [file('rules/a/f7.yaml', 'new')], remove: [] }, names);
  expect(second.changed).toEqual([target]);
  for (const [name, slot] of first.packing) if (name !== target) expect(second.packing.get(name)).toBe(slot);
});

test('unchanged files change nothing', () => {
  const files = [file('rules/a/x.yaml'), { ...file('rules/a/y.yaml'), meta: { generation: '3' } }];
  const { packing } = pack(emptyPacking, { put: files, remove: [] }, names);
  const again = pack(packing, changeTo(packing, files), names);
  expect(again).toEqual({ packing, changed: [], emptied: [], refused: [] });
});

test('a slot that loses its last file is emptied', () => {
  const { packing } = pack(emptyPacking, { put: [file('rules/a/x.yaml')], remove: [] }, names);
  const result = pack(packing, changeTo(packing, []), names);
  expect(result).toMatchObject({ changed: [], emptied: ['main-rules-00'] });
  expect(result.packing.size).toBe(0);
});

test('a file that outgrows its slot moves alone', () => {
  const files = ['a', 'b', 'c'].map((name, n) => file(`rules/a/${name}.yaml`, noise(n, 10_000)));
  const { packing } = pack(emptyPacking, { put: files, remove: [] }, names);
  const grown = file('rules/a/b.yaml', noise(9, 265_000));
  const result = pack(packing, { put: [grown], remove: [] }, names);
  expect(result.refused).toEqual([]);
  expect(slotOf(result.packing, 'rules/a/b.yaml')!.name).not.toBe(slotOf(packing, 'rules/a/b.yaml')!.name);
  for (const path of ['rules/a/a.yaml', 'rules/a/c.yaml']) {
    expect(slotOf(result.packing, path)!.name).toBe(slotOf(packing, path)!.name);
  }
});

test('a file that fits nowhere is refused by name and its older content stays', () => {
  const { packing } = pack(emptyPacking, { put: [file('rules/a/x.yaml', 'old')], remove: [] }, names);
  const huge = file('rules/a/x.yaml', noise(1, 400_000));
  const result = pack(packing, { put: [huge, file('rules/a/y.yaml')], remove: [] }, names);
  expect(result.refused.map(({ path }) => path)).toEqual(['rules/a/x.yaml']);
  expect(result.refused[0]!.error).toMatch(/^the file has \d+ bytes when packed, at most \d+ fit$/);
  expect(slotOf(result.packing, 'rules/a/x.yaml')!.files.get('rules/a/x.yaml')!.content).toBe('old');
  expect(slotOf(result.packing, 'rules/a/y.yaml')).toBeDefined();
});

test('a path that leaves its folder is refused', () => {
  const result = pack(emptyPacking, { put: [file('../x.yaml')], remove: [] }, names);
  expect(result.refused).toEqual([
    { path: '../x.yaml', error: 'its path is too long for a file system, or no plain relative path' },
  ]);
});

test('placement is read back from the live slots', () => {
  const files = Array.from({ length: 40 }, (_, n) => file(`rules/a/f${n}.yaml`, noise(n, 3000)));
  const { packing } = pack(emptyPacking, { put: files, remove: [] }, names);
  const recovered = recoverPacking(packing.values(), names);
  expect(recovered).toEqual({ packing, changed: [], damaged: [] });
});

test('a damaged slot counts as unused and a doubled file stays in the first slot', () => {
  const one = pack(emptyPacking, { put: [file('rules/a/x.yaml')], remove: [] }, names).packing.get(
    names[0]!,
  )!;
  const recovered = recoverPacking(
    [
      { name: names[1]!, bytes: one.bytes },
      { name: names[2]!, bytes: new Uint8Array([1, 2, 3]) },
      { name: names[0]!, bytes: one.bytes },
      { name: 'foreign', bytes: one.bytes },
    ],
    names,
  );
  expect([...recovered.packing.keys()]).toEqual([names[0]]);
  expect(recovered.changed).toEqual([names[1]]);
  expect(recovered.damaged.map(({ name }) => name)).toEqual([names[2]]);
});

test('any history of changes keeps every accepted file once, in bounds, and is deterministic', () => {
  const step = fc.record({
    put: fc.array(
      fc.record({
        path: fc.integer({ min: 0, max: 30 }),
        seed: fc.nat(1000),
        chars: fc.integer({ min: 0, max: 80_000 }),
      }),
      { maxLength: 6 },
    ),
    remove: fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
      let packing = emptyPacking;
      const expected = new Map<string, BundleFile>();
      for (const { put, remove } of steps) {
        const files = new Map(
          put.map(({ path, seed, chars }) => [
            `rules/n/f${path}.yaml`,
            file(`rules/n/f${path}.yaml`, noise(seed, chars)),
          ]),
        );
        const change = { put: [...files.values()], remove: remove.map((n) => `rules/n/f${n}.yaml`) };
        const result = pack(packing, change, names);
        const reversed = pack(packing, { ...change, put: change.put.toReversed() }, names);
        expect(hashes(reversed.packing)).toEqual(hashes(result.packing));
        const refused = new Set(result.refused.map(({ path }) => path));
        for (const path of change.remove) expected.delete(path);
        for (const [path, value] of files) if (!refused.has(path)) expected.set(path, value);
        const found = allFiles(result.packing);
        expect(found.every((value) => expected.get(value.path)?.content === value.content)).toBe(true);
        expect(found.length).toBe(expected.size);
        for (const slot of result.packing.values())
          expect(slot.bytes.length).toBeLessThanOrEqual(limits.bundleSlotBytes);
        for (const [name, slot] of packing) {
          if (!result.changed.includes(name) && !result.emptied.includes(name)) {
            expect(result.packing.get(name) === slot).toBe(true);
          }
        }
        packing = result.packing;
      }
      expect(hashes(recoverPacking(packing.values(), names).packing)).toEqual(hashes(packing));
    }),
    { numRuns: 15 },
  );
});
