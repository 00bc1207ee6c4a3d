/**
 * What depends on the version of Prometheus, in one table (its release notes). Everything else that is rendered is
 * understood by every supported version.
 */
export interface VersionRow {
  readonly kind: 'feature' | 'field';
  /** Value of --enable-feature, or field of a scrape configuration. */
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
] as const satisfies readonly VersionRow[];

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
