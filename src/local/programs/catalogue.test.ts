import { describe, expect, it } from 'vitest';
import { acceptsVersion, compareVersions, parseVersion, programs } from './catalogue.ts';
import { findMirror } from './debian-packages.ts';
import { findHash } from './way-release.ts';

describe('program catalogue', () => {
  it.each([
    ['prometheus, version 3.5.3 (branch: debian/sid, revision: 3.5.3+ds1-6)', '3.5.3'],
    ['Client Version: v1.32.4\nKustomize Version: v5.5.0', '1.32.4'],
    ['amtool, version 0.33.1-rc.0 (branch: HEAD)', '0.33.1'],
    ['no version here', null],
  ])('reads the version in %j', (output, version) => {
    expect(parseVersion(output)).toBe(version);
  });

  it('orders versions by number, not by text', () => {
    expect(compareVersions('3.10.0', '3.9.9')).toBeGreaterThan(0);
    expect(compareVersions('0.33.1', '0.33.1')).toBe(0);
    expect(compareVersions('2.55.1', '3.0.0')).toBeLessThan(0);
  });

  it('accepts its own pinned version of every program', () => {
    for (const entry of programs.values())
      expect(acceptsVersion(entry, entry.version), entry.name).toBe(true);
  });

  it('names a release file and its checksums for each platform', () => {
    const file = programs.get('alertmanager')?.release('darwin', 'arm64');
    expect(file?.url).toMatch(/\/v0\.33\.1\/alertmanager-0\.33\.1\.darwin-arm64\.tar\.gz$/);
    expect(file?.pathInArchive).toBe('alertmanager-0.33.1.darwin-arm64/alertmanager');
  });
});

describe('checksum files', () => {
  const hash = 'a'.repeat(64);
  it.each([
    [`${'b'.repeat(64)}  other.tar.gz\n${hash}  x.tar.gz\n`, hash],
    [`${hash} *x.tar.gz`, hash],
    [hash.toUpperCase(), hash],
    [`${hash}  other.tar.gz`, null],
    ['<html>not found</html>', null],
  ])('finds the hash in %j', (text, expected) => {
    expect(findHash(text, 'x.tar.gz')).toBe(expected);
  });
});

describe('apt sources', () => {
  it.each([
    ['deb http://mirror.example/debian/ bookworm main', 'http://mirror.example/debian'],
    ['deb [signed-by=/k.gpg] https://m.example/debian bookworm main', 'https://m.example/debian'],
    ['Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm', 'http://mirror.example/debian'],
    ['# deb http://commented.example/debian sid main', null],
    ['deb http://archive.ubuntu.com/ubuntu noble main', null],
    ['deb http://mirror.example/debian-security bookworm-security main', null],
  ])('finds the Debian mirror in %j', (sources, mirror) => {
    expect(findMirror(sources)).toBe(mirror);
  });
});
