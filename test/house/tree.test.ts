import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sourceFiles } from './layers.ts';

const root = join(import.meta.dirname, '../..');
const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(root, path)));
const isText = (path: string) =>
  /\.(ts|js|mjs|json|md|ya?ml|sh|toml)$|(^|\/)(Makefile|Dockerfile|run|LICENSE|promfleet)$/.test(path);
const lineCount = (path: string) => readFileSync(path, 'utf8').split('\n').length;
const maxLines = 500;

describe('the tree', () => {
  it(`has no source file of more than ${maxLines} lines`, () => {
    const long = sourceFiles(join(root, 'src')).filter(
      (path) => lineCount(join(root, 'src', path)) > maxLines,
    );
    expect(long).toEqual([]);
  });

  it('opens each source folder of four files or more with a README', () => {
    const counts = new Map<string, number>();
    for (const path of sourceFiles(join(root, 'src')))
      counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    const bare = [...counts].filter(
      ([folder, count]) =>
        count >= 4 && folder !== '.' && !existsSync(join(root, 'src', folder, 'README.md')),
    );
    expect(bare.map(([folder]) => folder)).toEqual([]);
  });

  it('locks packages without download addresses', () => {
    expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved":/);
  });

  it('names no folder of the machine it was written on', () => {
    const home = new RegExp(['/ro' + 'ot/', '/wo' + 'rk/', '/ho' + 'me/[a-z]+/'].join('|'));
    const found = tracked.filter((path) => isText(path) && home.test(readFileSync(join(root, path), 'utf8')));
    expect(found).toEqual([]);
  });

  it('calls the clock, timers and randomness only in adapters', () => {
    const adapters = /^(base\/(clock|random|log)|kube\/|local\/|cli\/|main\.ts|agents\/|controllers\/)/;
    const use = /\b(Date\.now|Math\.random|setTimeout|setInterval|performance\.now)\s*\(/;
    const found = sourceFiles(join(root, 'src')).filter(
      (path) =>
        !path.endsWith('.test.ts') &&
        !adapters.test(path) &&
        use.test(readFileSync(join(root, 'src', path), 'utf8')),
    );
    expect(found).toEqual([]);
  });
});
