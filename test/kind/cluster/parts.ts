import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import { unpackDebianPackages } from '../../../src/local/programs/debian-packages.ts';
import { withFileLock } from '../../../src/local/programs/file-lock.ts';
import { findOnPath } from '../../../src/local/programs/path-search.ts';
import { runProgram } from '../../../src/local/programs/run.ts';
import { kubeBinaries, kubeProgram } from '../../support/kube-binaries.ts';

const buildTimeoutMs = 20 * 60_000;

/** Absolute paths of all programs. */
export interface ClusterParts {
  readonly etcd: string;
  readonly apiserver: string;
  readonly controllerManager: string;
  readonly scheduler: string;
  readonly kubelet: string;
  readonly proxy: string;
  readonly runc: string;
  readonly coredns: string;
  readonly pause: string;
  readonly hold: string;
  /** Folder with containerd, its shim and ctr. */
  readonly containerd: string;
  /** Folder of CNI plugins. */
  readonly plugins: string;
}

export const partsCache = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
  'promfleet',
  'cluster',
);

/** Obtains every part; about eight minutes the first time, on two cores, beside kube-apiserver. */
export async function clusterParts(): Promise<ClusterParts> {
  mkdirSync(partsCache, { recursive: true });
  await networkTools();
  const { apiserver, etcd } = await kubeBinaries();
  const containers = await debianFolder('containerd', ['containerd', 'containernetworking-plugins'], 'sid');
  return {
    apiserver,
    etcd,
    controllerManager: await kubeProgram('kube-controller-manager'),
    scheduler: await kubeProgram('kube-scheduler'),
    kubelet: await kubeProgram('kubelet'),
    proxy: await kubeProgram('kube-proxy'),
    runc: await runc(),
    coredns: await coredns(),
    pause: await compiled('pause', pauseSource),
    hold: await compiled('hold', holdSource),
    containerd: join(containers, 'usr/bin'),
    plugins: join(containers, 'usr/lib/cni'),
  };
}

/** kube-proxy and the network plugins call iptables of the system. */
async function networkTools(): Promise<void> {
  const isThere = () => ['iptables', 'ip'].every((name) => findOnPath(name, process.env).length > 0);
  if (isThere()) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args: readonly string[]) => runProgram('apt-get', args, { env, timeoutMs: buildTimeoutMs });
  const install = () => apt('install', '-y', '-qq', '--no-install-recommends', 'iptables', 'iproute2');
  let result = await install();
  if (result.code !== 0) {
    await apt('update', '-qq');
    result = await install();
  }
  if (!isThere()) throw new Error(`iptables and iproute2 are needed: ${result.output.slice(-500)}`);
}

function underLock(done: () => boolean, obtain: (scratch: string) => Promise<void>): Promise<void> {
  return withFileLock(join(partsCache, 'lock'), systemClock, async () => {
    if (done()) return;
    const scratch = mkdtempSync(join(partsCache, 'work-'));
    try {
      await obtain(scratch);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
}

/** Packages of a Debian suite unpacked into one folder of the cache. */
async function debianFolder(name: string, packageNames: readonly string[], suite: string): Promise<string> {
  const folder = join(partsCache, `${name}-${suite}`);
  await underLock(
    () => existsSync(folder),
    async (scratchDir) => {
      const { env: environment, platform } = process;
      const unpacked = await unpackDebianPackages(
        { packageNames, suite },
        { cacheDir: partsCache, scratchDir, environment, platform, say: () => undefined },
      );
      if ('skipped' in unpacked) throw new Error(`${packageNames.join(', ')}: ${unpacked.skipped}`);
      renameSync(unpacked.root, folder);
    },
  );
  return folder;
}

/**
 * CoreDNS with the plugins of the cluster's zone alone: those for clouds and tracing, which come with the whole program, take
 * minutes to compile.
 */
async function coredns(): Promise<string> {
  const version = 'v1.15.0';
  const target = join(partsCache, `coredns-${version}`);
  const plugins = ['health', 'ready', 'errors', 'cache', 'kubernetes'];
  await underLock(
    () => existsSync(target),
    async (scratch) => {
      const module = 'github.com/coredns/coredns';
      writeFileSync(join(scratch, 'go.mod'), `module dns\n\ngo 1.25.0\n\nrequire ${module} ${version}\n`);
      const imports = ['core/dnsserver', 'coremain']
        .map((name) => `\t"${module}/${name}"\n`)
        .concat(plugins.map((name) => `\t_ "${module}/plugin/${name}"\n`));
      const directives = plugins.map((name) => `"${name}"`).join(', ');
      writeFileSync(
        join(scratch, 'main.go'),
        `package main\n\nimport (\n${imports.join('')})\n\nfunc main() {\n\tdnsserver.Directives = []string{${directives}}\n\tcoremain.Run()\n}\n`,
      );
      const go = goIn(scratch, { CGO_ENABLED: '0' });
      await go('build', '-ldflags', '-s -w', '-o', join(scratch, 'coredns'), '.');
      renameSync(join(scratch, 'coredns'), target);
    },
  );
  return target;
}

/** Runs Go in a folder; what it prints, or a throw with the end of that. */
function goIn(cwd: string, more: NodeJS.ProcessEnv) {
  const env = {
    ...process.env,
    GOWORK: 'off',
    GOFLAGS: '-buildvcs=false -mod=mod',
    GOTOOLCHAIN: 'auto',
    ...more,
  };
  return async (...args: readonly string[]): Promise<string> => {
    const result = await runProgram('go', args, { cwd, env, timeoutMs: buildTimeoutMs });
    if (result.code !== 0) throw new Error(`go ${args[0]}: ${result.output.slice(-1500)}`);
    return result.output;
  };
}

/**
 * runc with seccomp, which pods of the standard "restricted" need. It is written in Go and C; libseccomp is linked
 * statically from Debian's development package, so that nothing is installed.
 */
async function runc(): Promise<string> {
  const version = 'v1.5.2';
  const target = join(partsCache, `runc-${version}`);
  if (existsSync(target)) return target;
  const headers = await debianFolder('libseccomp', ['libseccomp-dev'], 'bookworm');
  const library = `${headers}/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  await underLock(
    () => existsSync(target),
    async (scratch) => {
      writeFileSync(
        join(scratch, 'libseccomp.pc'),
        `Name: libseccomp\nDescription: seccomp\nVersion: 2.5.4\nLibs: -L${library} -lseccomp\nCflags: -I${headers}/usr/include\n`,
      );
      const cgo = { CGO_ENABLED: '1', PKG_CONFIG_PATH: scratch };
      const got = await goIn(
        scratch,
        cgo,
      )(...['mod', 'download', '-json', `github.com/opencontainers/runc@${version}`]);
      const source = /"Dir": "([^"]+)"/.exec(got)?.[1];
      if (source === undefined) throw new Error('go mod download named no folder of runc');
      const copy = join(scratch, 'source');
      await runProgram('cp', ['-r', source, copy], { timeoutMs: buildTimeoutMs });
      await runProgram('chmod', ['-R', 'u+w', copy], { timeoutMs: buildTimeoutMs });
      await goIn(copy, cgo)(
        'build',
        '-tags',
        'seccomp',
        '-ldflags',
        '-s -w',
        '-o',
        join(scratch, 'runc'),
        '.',
      );
      renameSync(join(scratch, 'runc'), target);
    },
  );
  return target;
}

/** The process that holds a pod's namespaces: it waits, and reaps what is left to it. */
const pauseSource = `#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void end(int signal) { (void)signal; _exit(0); }
static void reap(int signal) { (void)signal; while (waitpid(-1, 0, WNOHANG) > 0) {} }
int main(void) {
  signal(SIGTERM, end);
  signal(SIGINT, end);
  signal(SIGCHLD, reap);
  for (;;) pause();
}
`;

/** The same for the namespaces of the cluster; without an argument it ends with whoever holds its standard input. */
const holdSource = `#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void reap(int signal) { (void)signal; while (waitpid(-1, 0, WNOHANG) > 0) {} }
int main(int count, char **arguments) {
  char byte;
  (void)arguments;
  signal(SIGCHLD, reap);
  if (count > 1) for (;;) pause();
  while (read(0, &byte, 1) > 0) {}
  return 0;
}
`;

async function compiled(name: string, source: string): Promise<string> {
  const target = join(partsCache, name);
  await underLock(
    () => existsSync(target),
    async (scratch) => {
      writeFileSync(join(scratch, `${name}.c`), source);
      const args = ['-static', '-O2', '-o', join(scratch, name), join(scratch, `${name}.c`)];
      const result = await runProgram('gcc', args, { timeoutMs: buildTimeoutMs });
      if (result.code !== 0) throw new Error(`gcc: ${result.output.slice(-500)}`);
      renameSync(join(scratch, name), target);
    },
  );
  return target;
}
