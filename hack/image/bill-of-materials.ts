import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../bundle.ts';
import type { Architecture } from './oci-archive.ts';
import type { DebianComponent } from './system-files.ts';

/** One thing that is inside the image. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** Package URL, which tells scanners what it is. */
  readonly purl: string;
  /** SPDX expression, or undefined where only `licenseText` tells. */
  readonly license: string | undefined;
  readonly licenseText: string;
  /** Algorithm in the words of CycloneDX and the hash in hexadecimal. */
  readonly hash?: { readonly alg: string; readonly content: string };
}

interface LockEntry {
  readonly version: string;
  readonly integrity?: string;
}

/** Components of the npm packages whose code is in the bundle. `folders` are relative to the project. */
export function npmComponents(folders: readonly string[]): readonly Component[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, LockEntry>>;
  };
  return folders.map((folder): Component => {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
      license?: unknown;
    };
    const { name, version } = manifest;
    const integrity = lock.packages[folder]?.integrity;
    const purl = `pkg:npm/${name.replace(/^@/, '%40')}@${version}`;
    const license = typeof manifest.license === 'string' ? manifest.license : undefined;
    const licenseText = licenseFile(join(root, folder));
    if (license === undefined && licenseText === '') throw new Error(`${name} ${version} states no licence`);
    return {
      ...{ name, version, purl, license, licenseText },
      ...(integrity?.startsWith('sha512-') === true
        ? {
            hash: { alg: 'SHA-512', content: Buffer.from(integrity.slice(7), 'base64').toString('hex') },
          }
        : {}),
    };
  });
}

function licenseFile(folder: string): string {
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const found = names.find((name) => /^(licen[cs]e|copying)(\.|-|$)/i.test(name));
  return found === undefined ? '' : readFileSync(join(folder, found), 'utf8');
}

export function nodeComponent(version: string, program: Buffer, licenseText: string): Component {
  const content = createHash('sha256').update(program).digest('hex');
  return {
    name: 'node',
    version,
    purl: `pkg:generic/node@${version}`,
    license: undefined,
    licenseText,
    hash: { alg: 'SHA-256', content },
  };
}

export function debianComponent({
  name,
  version,
  architecture,
  suite,
  copyright,
}: DebianComponent): Component {
  return {
    name,
    version,
    purl: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=${suite}`,
    license: undefined,
    licenseText: copyright,
  };
}

/** A CycloneDX 1.6 document. It has no time and its serial number follows from its content, so equal images have equal ones. */
export function cycloneDx(
  version: string,
  architecture: Architecture,
  components: readonly Component[],
): string {
  const list = components.map(({ name, version: own, purl, license, hash }) => ({
    type: name === 'node' ? 'platform' : 'library',
    'bom-ref': purl,
    ...{ name, version: own, purl },
    licenses: [license === undefined ? { license: { name: `see ${licenseListPath}` } } : licenseOf(license)],
    ...(hash === undefined ? {} : { hashes: [hash] }),
  }));
  const main = `pkg:generic/promfleet@${version}`;
  const hex = createHash('sha256')
    .update(JSON.stringify([version, architecture, list]))
    .digest('hex');
  const serial = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${serial}`,
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': main,
        name: 'promfleet',
        version,
        purl: main,
        licenses: [{ license: { id: 'Apache-2.0' } }],
        properties: [{ name: 'architecture', value: architecture }],
      },
    },
    components: list,
    dependencies: [{ ref: main, dependsOn: list.map((component) => component['bom-ref']) }],
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function licenseOf(expression: string): Record<string, unknown> {
  return /^[\w.+-]+$/.test(expression) ? { license: { id: expression } } : { expression };
}

export const billPath = 'usr/share/promfleet/sbom.cdx.json';
export const licenseListPath = 'usr/share/promfleet/THIRD-PARTY-LICENSES.txt';

/** Everything that is inside, each with its licence and the licence's text where its package carries one. */
export function licenseList(components: readonly Component[]): string {
  const line = '='.repeat(80);
  return components
    .map(({ name, version, license, licenseText }) => {
      const title = `${name} ${version}${license === undefined ? '' : ` (${license})`}`;
      return `${line}\n${title}\n${line}\n${licenseText.trim() === '' ? `Licence: ${license}` : licenseText.trim()}\n`;
    })
    .join('\n');
}
