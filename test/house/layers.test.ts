import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cycles, effectRefusal, importsOf, readLayers, refusal } from './layers.ts';

const { violations, graph, barrels } = readLayers(join(import.meta.dirname, '../../src'));

describe('the layers of src/', () => {
  it('are respected by every import, types included', () => {
    expect(violations.map((v) => `${v.from}:${v.line} imports ${v.to}: ${v.reason}`)).toEqual([]);
  });

  it('hold no import cycle', () => {
    expect(cycles(graph).map((cycle) => cycle.join(' <-> '))).toEqual([]);
  });

  it('hold no barrel file that only re-exports', () => {
    expect(barrels).toEqual([]);
  });

  it.each([
    ['base/clock.ts', 'kube/rest.ts'],
    ['kube/rest.ts', 'crds/silence.ts'],
    ['render/names.ts', 'kube/rest.ts'],
    ['reconcilers/silence/decide.ts', 'kube/rest.ts'],
    ['storage-engine/query/engine.ts', 'crds/silence.ts'],
    ['storage-engine/promql/syntax/parser.ts', 'storage-engine/promql/exec/engine.ts'],
    ['agents/reloader/loop.ts', 'reconcilers/apply.ts'],
    ['local/up.ts', 'main.ts'],
    ['elsewhere/file.ts', 'base/clock.ts'],
  ])('refuse that %s imports %s', (from, to) => {
    expect(refusal(from, to)).toBeTypeOf('string');
  });

  it.each([
    ['kube/rest.ts', 'base/errors.ts'],
    ['reconcilers/stack/decide.ts', 'render/names.ts'],
    ['agents/reloader/loop.ts', 'kube/watch.ts'],
    ['cli/operator.ts', 'controllers/run.ts'],
    ['main.ts', 'cli/program.ts'],
    ['kube/rest.test.ts', 'local/apiserver/server.ts'],
  ])('allow that %s imports %s', (from, to) => {
    expect(refusal(from, to)).toBeUndefined();
  });

  it('refuse I/O in pure rooms and allow it in adapters', () => {
    expect(effectRefusal('render/names.ts', 'node:fs')).toBeTypeOf('string');
    expect(effectRefusal('storage-engine/format/index.ts', 'undici')).toBeTypeOf('string');
    expect(effectRefusal('kube/rest.ts', 'undici')).toBeUndefined();
  });

  it('see type imports, multi-line imports, re-exports and dynamic imports', () => {
    const text =
      "import type { A } from './a.ts';\nimport {\n  b,\n} from './b.ts';\nexport { c } from './c.ts';\nconst d = await import('./d.ts');\nimport './e.ts';\n";
    expect(importsOf(text).map((i) => i.specifier)).toEqual([
      './a.ts',
      './b.ts',
      './c.ts',
      './d.ts',
      './e.ts',
    ]);
  });

  it('find a cycle of three files and a file that imports itself', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['a']],
      ['d', ['d', 'a']],
    ]);
    expect(cycles(graph)).toEqual([['a', 'b', 'c'], ['d']]);
  });
});
