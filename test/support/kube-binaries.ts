import { createHash } from 'node:crypto';
import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { load } from 'js-yaml';
import { systemClock } from '../../src/base/clock.ts';
import type { ProgramEntry } from '../../src/local/programs/catalogue.ts';
import { withFileLock } from '../../src/local/programs/file-lock.ts';
import { findOnPath } from '../../src/local/programs/path-search.ts';
import { runProgram } from '../../src/local/programs/run.ts';
import { extractTarFile } from '../../src/local/programs/tar.ts';
import { debianWay } from '../../src/local/programs/way-debian.ts';

/** Newest and oldest supported release of Kubernetes. Staging modules carry the same number below v0. */
const releases = { newest: '1.36.3', oldest: '1.30.14' } as const;
/** The release that suites run against: the newest, or what PROMFLEET_KUBERNETES says (`oldest`, `newest`, a number). */
const wanted = process.env.PROMFLEET_KUBERNETES ?? 'newest';
const kubernetesVersion = wanted in releases ? releases[wanted as keyof typeof releases] : wanted;
const buildTimeoutMs = 40 * 60_000;
const downloadTimeoutMs = 120_000;

export interface KubeBinaries {
  readonly apiserver: string;
  readonly etcd: string;
  /** Absent where only envtest's two programs are there: tests of controllers are skipped then. Never absent in CI. */
  readonly controllerManager: string | undefined;
}

const say = (message: string) => console.log(`kube-apiserver: ${message}`);

/**
 * kube-apiserver and etcd: KUBEBUILDER_ASSETS, else what an earlier run left in the cache, else envtest's release
 * with its checksum, else built by Go (about five minutes on two cores) with Debian's etcd. envtest has no
 * kube-controller-manager: in CI, where nothing may be skipped, Go builds it.
 */
export async function kubeBinaries(): Promise<KubeBinaries> {
  const assets = process.env.KUBEBUILDER_ASSETS;
  const cache = kubeCache();
  const isGiven = assets !== undefined && existsSync(join(assets, 'kube-apiserver'));
  const folder = isGiven ? assets : cache;
  const controllerManager = [folder, cache]
    .map((each) => join(each, 'kube-controller-manager'))
    .find((file) => existsSync(file));
  const isComplete = () => ['kube-apiserver', 'etcd'].every((program) => existsSync(join(folder, program)));
  if (!isComplete()) await underLock(cache, isComplete, (scratch) => obtainServer(scratch, cache));
  if (!isComplete()) throw new Error(`no kube-apiserver and etcd in ${folder}`);
  const built = join(cache, 'kube-controller-manager');
  if (controllerManager === undefined && process.env.CI === 'true')
    await underLock(
      cache,
      () => existsSync(built),
      (scratch) => buildKubernetes('kube-controller-manager', scratch, cache),
    );
  return {
    apiserver: join(folder, 'kube-apiserver'),
    etcd: join(folder, 'etcd'),
    controllerManager: controllerManager ?? (existsSync(built) ? built : undefined),
  };
}

/** Any other program of the same release, as kubelet: from the cache, else built by Go. */
export async function kubeProgram(program: string): Promise<string> {
  const cache = kubeCache();
  const file = join(cache, program);
  if (!existsSync(file))
    await underLock(
      cache,
      () => existsSync(file),
      (scratch) => buildKubernetes(program, scratch, cache),
    );
  return file;
}

function kubeCache(): string {
  const cache = join(
    process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
    'promfleet',
    `kube-${kubernetesVersion}`,
  );
  mkdirSync(cache, { recursive: true });
  return cache;
}

/** Lets one process at a time obtain programs; the others find what it left. */
async function underLock(
  cache: string,
  isDone: () => boolean,
  obtain: (scratch: string) => Promise<void>,
): Promise<void> {
  await withFileLock(join(cache, 'lock'), systemClock, async () => {
    if (isDone()) return;
    const scratch = mkdtempSync(join(cache, 'work-'));
    try {
      await obtain(scratch);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
}

async function obtainServer(scratch: string, cache: string): Promise<void> {
  const why = await fromEnvtest(scratch, cache).catch((error: unknown) => String(error));
  if (why === undefined) return;
  say(`envtest's release: ${why}`);
  await obtainEtcd(scratch, cache);
  // Go is there for the one, so it is for the other.
  for (const program of ['kube-controller-manager', 'kube-apiserver'])
    await buildKubernetes(program, scratch, cache);
}

const envtestIndex =
  'https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml';

interface EnvtestIndex {
  readonly releases: Readonly<
    Record<string, Readonly<Record<string, { readonly hash: string; readonly selfLink: string }>>>
  >;
}

/** Undefined when it worked, else why not. */
async function fromEnvtest(scratch: string, cache: string): Promise<string | undefined> {
  const signal = AbortSignal.timeout(downloadTimeoutMs);
  const response = await fetch(envtestIndex, { signal });
  if (!response.ok) return `${envtestIndex} answered ${response.status}`;
  const { releases } = load(await response.text()) as EnvtestIndex;
  const minor = kubernetesVersion.split('.').slice(0, 2).join('.');
  const version = Object.keys(releases)
    .filter((name) => name.startsWith(`v${minor}.`))
    .sort()
    .at(-1);
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const entry =
    version === undefined
      ? undefined
      : releases[version]![`envtest-${version}-${process.platform}-${arch}.tar.gz`];
  if (entry === undefined) return `no release of ${minor} for ${process.platform}/${arch}`;
  const archive = await fetch(entry.selfLink, { signal });
  if (!archive.ok) return `${entry.selfLink} answered ${archive.status}`;
  const bytes = Buffer.from(await archive.arrayBuffer());
  if (createHash('sha512').update(bytes).digest('hex') !== entry.hash)
    return `${entry.selfLink} fails its checksum`;
  const file = join(scratch, 'envtest.tar.gz');
  writeFileSync(file, bytes);
  for (const program of ['kube-apiserver', 'etcd']) {
    const target = join(scratch, program);
    await extractTarFile(
      createReadStream(file).pipe(createGunzip()),
      `controller-tools/envtest/${program}`,
      target,
    );
    await install(target, join(cache, program));
  }
  return undefined;
}

async function install(from: string, to: string): Promise<void> {
  await runProgram('chmod', ['755', from], { timeoutMs: downloadTimeoutMs });
  copyFileSync(from, `${to}.new`);
  renameSync(`${to}.new`, to);
}

async function obtainEtcd(scratch: string, cache: string): Promise<void> {
  // One of another release of Kubernetes does as well.
  const others = Object.values(releases).map((version) => join(dirname(cache), `kube-${version}`, 'etcd'));
  const found = findOnPath('etcd', process.env)[0] ?? others.find((file) => existsSync(file));
  if (found !== undefined) return install(found, join(cache, 'etcd'));
  const entry = {
    name: 'etcd',
    debian: { packageName: 'etcd-server', path: 'usr/bin/etcd' },
  } as unknown as ProgramEntry;
  const { platform, arch, env: environment } = process;
  const obtained = await debianWay.obtain(entry, {
    cacheDir: cache,
    scratchDir: scratch,
    environment,
    platform,
    arch,
    say,
  });
  if ('skipped' in obtained) throw new Error(`etcd: ${obtained.skipped}`);
  await install(obtained.file, join(cache, 'etcd'));
}

/**
 * Builds a program of k8s.io/kubernetes from the Go module proxy. As a dependency the module names its staging
 * modules at v0.0.0; each is replaced by the published v0.x.y of the same release.
 */
async function buildKubernetes(program: string, scratch: string, cache: string): Promise<void> {
  const go = findOnPath('go', process.env)[0];
  if (go === undefined)
    throw new Error(
      `${program} is missing: no release has it that could be downloaded, and Go, which builds it, is not installed`,
    );
  const folder = join(scratch, program);
  mkdirSync(folder);
  const env = {
    ...process.env,
    CGO_ENABLED: '0',
    GOFLAGS: '-buildvcs=false -mod=mod',
    GOWORK: 'off',
    GOTOOLCHAIN: 'auto',
  };
  const run = async (...args: string[]) => {
    const result = await runProgram(go, args, {
      cwd: folder,
      env,
      timeoutMs: buildTimeoutMs,
      onLine: () => undefined,
    });
    if (result.code !== 0) throw new Error(`go ${args[0]}: ${result.output.slice(-2000)}`);
    return result.output;
  };
  say(`reading the Go module k8s.io/kubernetes v${kubernetesVersion}`);
  const source = 'k8s.io/kubernetes';
  writeFileSync(join(folder, 'go.mod'), 'module wrap\n');
  const download = await run('mod', 'download', '-json', `${source}@v${kubernetesVersion}`);
  const goMod = /"GoMod": "([^"]+)"/.exec(download)?.[1];
  if (goMod === undefined) throw new Error('go mod download named no go.mod');
  // Its own version of the language decides how old sources are read.
  const language = /^go .+$/m.exec(readFileSync(goMod, 'utf8'))?.[0] ?? 'go 1.22.0';
  writeFileSync(
    join(folder, 'go.mod'),
    `module wrap\n\n${language}\n\nrequire ${source} v${kubernetesVersion}\n`,
  );
  const staging = `v0.${kubernetesVersion.split('.').slice(1).join('.')}`;
  const replaces = [...readFileSync(goMod, 'utf8').matchAll(/^\s+(k8s\.io\/[a-z-]+) v0\.0\.0(?:\s|$)/gm)].map(
    ([, module]) => `replace ${module} => ${module} ${staging}\n`,
  );
  const base = readFileSync(join(folder, 'go.mod'), 'utf8');
  writeFileSync(join(folder, 'go.mod'), `${base}\n${[...new Set(replaces)].join('')}`);
  writeFileSync(
    join(folder, 'tools.go'),
    `//go:build tools\n\npackage tools\n\nimport _ "${source}/cmd/${program}"\n`,
  );
  await run('mod', 'tidy');
  say(`building ${program} (minutes)`);
  const version = 'k8s.io/component-base/version';
  const [major, minor] = kubernetesVersion.split('.');
  const flags = `-s -w -X ${version}.gitVersion=v${kubernetesVersion} -X ${version}.gitMajor=${major} -X ${version}.gitMinor=${minor}`;
  await run('build', '-ldflags', flags, '-o', join(scratch, `${program}.bin`), `${source}/cmd/${program}`);
  await install(join(scratch, `${program}.bin`), join(cache, program));
}
