import { shipperFileName } from '../../storage-engine/format/shipper-file.ts';
import { mountPaths } from '../names.ts';

/**
 * What depends on the version of Prometheus, in one table (its release notes). Everything else that is rendered is
 * understood by every supported version.
 */
export interface VersionRow {
  /** `shipping`: a flag of a server whose blocks are shipped. */
  readonly kind: 'feature' | 'field' | 'shipping';
  /** Value of --enable-feature, field of a scrape configuration, or flag without dashes. */
  readonly name: string;
  /** First version that takes it. */
  readonly since?: string;
  /** First version that no longer takes or needs it. */
  readonly until?: string;
}

export const versionTable = [
  // The replica label comes from the pod's environment; since 3.0 that needs no flag.
  { kind: 'feature', name: 'expand-external-labels', until: '3.0.0' },
  // Since 3.0 these are defaults.
  { kind: 'feature', name: 'auto-gomaxprocs', until: '3.0.0' },
  { kind: 'feature', name: 'auto-gomemlimit', until: '3.0.0' },
  // Since 3.0 a target without a Content-Type fails unless told how to read it.
  { kind: 'field', name: 'fallback_scrape_protocol', since: '3.0.0' },
  // Blocks are compacted once they are in the bucket.
  { kind: 'shipping', name: 'storage.tsdb.delay-compact-file.path', since: '3.9.0' },
  // Before there was that file nothing may be compacted on the disk: the compactor of the bucket does it.
  { kind: 'shipping', name: 'storage.tsdb.min-block-duration', until: '3.9.0' },
  { kind: 'shipping', name: 'storage.tsdb.max-block-duration', until: '3.9.0' },
  { kind: 'shipping', name: 'no-storage.tsdb.allow-overlapping-compaction', until: '3.9.0' },
] as const satisfies readonly VersionRow[];

type ShippingFlag = Extract<(typeof versionTable)[number], { kind: 'shipping' }>['name'];

/** Values of these flags; undefined for a switch. */
const shippingValues: Readonly<Record<ShippingFlag, string | undefined>> = {
  'storage.tsdb.delay-compact-file.path': `${mountPaths.data}/${shipperFileName}`,
  'storage.tsdb.min-block-duration': '2h',
  'storage.tsdb.max-block-duration': '2h',
  'no-storage.tsdb.allow-overlapping-compaction': undefined,
};

/** Flags by which a server of this version leaves blocks as they are until they are in the bucket. */
export function shippingFlags(version: string): readonly string[] {
  return versionTable.flatMap((row) => {
    if (row.kind !== 'shipping' || !covers(row, version)) return [];
    const value = shippingValues[row.name];
    return [value === undefined ? `--${row.name}` : `--${row.name}=${value}`];
  });
}

/** Whether a flag, without dashes and `no-`, is one of these in some version. */
export function isShippingFlag(name: string): boolean {
  return versionTable.some((row) => row.kind === 'shipping' && row.name.replace(/^no-/, '') === name);
}

type FieldName = Extract<(typeof versionTable)[number], { kind: 'field' }>['name'];

/** Oldest version that is rendered for: the last long-term release of 2.x. */
export const oldestVersion = '2.53.0';
const firstUnknownMajor = 4;

export const defaultVersion = 'v3.5.3';

/** Why this version cannot be run, or undefined. `version` has the form `v3.5.3`. */
export function versionFault(version: string): string | undefined {
  if (!/^v\d+\.\d+\.\d+/.test(version)) return `${version} is no version such as ${defaultVersion}`;
  if (compareVersions(version, oldestVersion) < 0) return `the oldest supported version is v${oldestVersion}`;
  if (parts(version)[0]! >= firstUnknownMajor)
    return `versions before v${firstUnknownMajor}.0.0 are supported`;
  return undefined;
}

/** Features that the operator turns on for this version. */
export function operatorFeatures(version: string): readonly string[] {
  return versionTable.filter((row) => row.kind === 'feature' && covers(row, version)).map(({ name }) => name);
}

export function takesField(version: string, name: FieldName): boolean {
  return versionTable.some((row) => row.kind === 'field' && row.name === name && covers(row, version));
}

/** Orders versions by number, ignoring a leading `v`; a pre-release counts as its release. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < 3; i++) if (left[i]! !== right[i]!) return left[i]! - right[i]!;
  return 0;
}

function covers(row: VersionRow, version: string): boolean {
  return (
    (row.since === undefined || compareVersions(version, row.since) >= 0) &&
    (row.until === undefined || compareVersions(version, row.until) < 0)
  );
}

function parts(version: string): readonly [number, number, number] {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version);
  return match === null ? [0, 0, 0] : [Number(match[1]), Number(match[2]), Number(match[3])];
}
