/** Names that `ensureProgram` takes. */
export type ProgramName = 'prometheus' | 'promtool' | 'alertmanager' | 'amtool' | 'node_exporter' | 'kubectl';

/** One downloadable file of an upstream release. */
export interface ReleaseFile {
  readonly url: string;
  /** Text file with `<sha256>  <file>` lines, or the bare hash. */
  readonly checksumsUrl: string;
  /** Path of the program inside the tar.gz archive; null when the file is the program itself. */
  readonly pathInArchive: string | null;
}

/** Everything known about one program. Data only: the ways read it. */
export interface ProgramEntry {
  readonly name: ProgramName;
  /** Version that is downloaded or built, without a leading v. */
  readonly version: string;
  /** Versions accepted from PATH and from Debian: from `oldest` up to, not including, `below`. */
  readonly accepts: { readonly oldest: string; readonly below: string };
  /** File names to look for on PATH, best first. */
  readonly executables: readonly string[];
  /** Arguments that make the program print its version and end. */
  readonly versionArgs: readonly string[];
  readonly release: (os: ReleaseOs, arch: ReleaseArch) => ReleaseFile;
  /** Package of Debian unstable and the program's path in it. */
  readonly debian: { readonly packageName: string; readonly path: string };
  /**
   * Go module that builds it; null where no plain module build exists. `webFiles` are files of the web UI that upstream
   * generates with Node and embeds: they are made empty, as a module does not carry them. `tags` are build tags.
   */
  readonly go: {
    readonly module: string;
    readonly version: string;
    readonly packagePath: string;
    readonly webFiles?: readonly string[];
    readonly tags?: readonly string[];
  } | null;
}

export type ReleaseOs = 'linux' | 'darwin';
export type ReleaseArch = 'amd64' | 'arm64';

function prometheusProject(project: string, version: string, program: string): ProgramEntry['release'] {
  const base = `https://github.com/prometheus/${project}/releases/download/v${version}`;
  return (os, arch) => {
    const folder = `${project}-${version}.${os}-${arch}`;
    return {
      url: `${base}/${folder}.tar.gz`,
      checksumsUrl: `${base}/sha256sums.txt`,
      pathInArchive: `${folder}/${program}`,
    };
  };
}

const prometheusVersion = '3.5.3';
/** Prometheus 3.x.y is the Go module version 0.3xx.y (its module path carries no /v3). */
const prometheusModuleVersion = 'v0.305.3';
const alertmanagerVersion = '0.33.1';
const nodeExporterVersion = '1.11.1';
const kubectlVersion = '1.36.4';

const entries: readonly ProgramEntry[] = [
  {
    name: 'prometheus',
    version: prometheusVersion,
    accepts: { oldest: '3.5.0', below: '4.0.0' },
    executables: ['prometheus'],
    versionArgs: ['--version'],
    release: prometheusProject('prometheus', prometheusVersion, 'prometheus'),
    debian: { packageName: 'prometheus', path: 'usr/bin/prometheus' },
    go: {
      module: 'github.com/prometheus/prometheus',
      version: prometheusModuleVersion,
      packagePath: './cmd/prometheus',
    },
  },
  {
    name: 'promtool',
    version: prometheusVersion,
    accepts: { oldest: '3.5.0', below: '4.0.0' },
    executables: ['promtool'],
    versionArgs: ['--version'],
    release: prometheusProject('prometheus', prometheusVersion, 'promtool'),
    debian: { packageName: 'promtool', path: 'usr/bin/promtool' },
    go: {
      module: 'github.com/prometheus/prometheus',
      version: prometheusModuleVersion,
      packagePath: './cmd/promtool',
    },
  },
  {
    name: 'alertmanager',
    version: alertmanagerVersion,
    accepts: { oldest: '0.33.0', below: '1.0.0' },
    executables: ['alertmanager', 'prometheus-alertmanager'],
    versionArgs: ['--version'],
    release: prometheusProject('alertmanager', alertmanagerVersion, 'alertmanager'),
    debian: { packageName: 'prometheus-alertmanager', path: 'usr/bin/prometheus-alertmanager' },
    go: {
      module: 'github.com/prometheus/alertmanager',
      version: `v${alertmanagerVersion}`,
      packagePath: './cmd/alertmanager',
      webFiles: ['ui/app/dist/index.html'],
    },
  },
  {
    name: 'amtool',
    version: alertmanagerVersion,
    accepts: { oldest: '0.33.0', below: '1.0.0' },
    executables: ['amtool'],
    versionArgs: ['--version'],
    release: prometheusProject('alertmanager', alertmanagerVersion, 'amtool'),
    debian: { packageName: 'prometheus-alertmanager', path: 'usr/bin/amtool' },
    go: {
      module: 'github.com/prometheus/alertmanager',
      version: `v${alertmanagerVersion}`,
      packagePath: './cmd/amtool',
      webFiles: ['ui/app/dist/index.html'],
    },
  },
  {
    name: 'node_exporter',
    version: nodeExporterVersion,
    accepts: { oldest: '1.8.0', below: '2.0.0' },
    executables: ['node_exporter', 'prometheus-node-exporter'],
    versionArgs: ['--version'],
    release: prometheusProject('node_exporter', nodeExporterVersion, 'node_exporter'),
    debian: { packageName: 'prometheus-node-exporter', path: 'usr/bin/prometheus-node-exporter' },
    go: {
      module: 'github.com/prometheus/node_exporter',
      version: `v${nodeExporterVersion}`,
      packagePath: '.',
    },
  },
  {
    name: 'kubectl',
    version: kubectlVersion,
    accepts: { oldest: '1.30.0', below: '2.0.0' },
    executables: ['kubectl'],
    versionArgs: ['version', '--client'],
    release: (os, arch) => {
      const url = `https://dl.k8s.io/release/v${kubectlVersion}/bin/${os}/${arch}/kubectl`;
      return { url, checksumsUrl: `${url}.sha256`, pathInArchive: null };
    },
    debian: { packageName: 'kubernetes-client', path: 'usr/bin/kubectl' },
    // k8s.io/kubernetes replaces its staging modules by relative paths: no plain module build.
    go: null,
  },
];

export const programs: ReadonlyMap<ProgramName, ProgramEntry> = new Map(entries.map((e) => [e.name, e]));

/** First `x.y.z` in the output of `--version`, or null. Pre-releases count as the version they lead to. */
export function parseVersion(output: string): string | null {
  return /\bv?(\d{1,4}\.\d{1,4}\.\d{1,4})\b/.exec(output)?.[1] ?? null;
}

/** Negative, zero or positive as `a` is older than, equal to or newer than `b`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((v) => v.split('.').map(Number)) as [number[], number[]];
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function acceptsVersion(entry: ProgramEntry, version: string): boolean {
  return (
    compareVersions(version, entry.accepts.oldest) >= 0 && compareVersions(version, entry.accepts.below) < 0
  );
}
