import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../../support/eventually.ts';
import { realProgram } from '../../support/programs.ts';
import { issueCertificates } from './certificates.ts';
import { programImage } from './images.ts';
import { clusterObjects, corednsImage, folderVolume } from './objects.ts';
import { type ClusterParts, clusterParts } from './parts.ts';
import {
  containerdConfiguration,
  kubeletConfiguration,
  networkConfiguration,
  pauseImage,
  podNetwork,
  serviceNetwork,
} from './settings.ts';

const run = promisify(execFile);
const startTimeoutMs = 180_000;
const apiPort = 6443;

/** Where a local cluster keeps everything; one runs at a time, as its ports and its bridge are fixed. */
export const clusterFolder = process.env.PROMFLEET_CLUSTER_DIR ?? '/tmp/promfleet-cluster';

/** A Kubernetes of one node: real programs, real containers, on this machine. */
export class OneNodeCluster {
  readonly kubeconfig = join(clusterFolder, 'pki', 'admin.conf');
  readonly #parts: ClusterParts;
  readonly #kubectl: string;
  readonly #processes = new Map<string, ChildProcess>();
  readonly #nodeIp = nodeAddress();

  private constructor(parts: ClusterParts, kubectl: string) {
    this.#parts = parts;
    this.#kubectl = kubectl;
  }

  static async start(): Promise<OneNodeCluster> {
    if (process.getuid?.() !== 0)
      throw new Error('a local cluster needs root; PROMFLEET_CLUSTER=kind does not');
    const cluster = new OneNodeCluster(await clusterParts(), await realProgram('kubectl'));
    await removeCluster(cluster.#parts);
    try {
      await cluster.#up();
    } catch (error) {
      const why = cluster.logs();
      await cluster.stop();
      throw new Error(`the cluster does not start: ${String(error)}\n${why}`);
    }
    return cluster;
  }

  async #up(): Promise<void> {
    mkdirSync(join(clusterFolder, 'pki'), { recursive: true, mode: 0o711 });
    mkdirSync(join(clusterFolder, 'log'));
    mkdirSync(join(clusterFolder, 'cni'));
    issueCertificates(join(clusterFolder, 'pki'), {
      server: `https://127.0.0.1:${apiPort}`,
      nodeIp: this.#nodeIp,
    });
    const write = (name: string, text: string) => writeFileSync(join(clusterFolder, name), text);
    write('cni/10-bridge.conflist', networkConfiguration());
    write('containerd.toml', containerdConfiguration(clusterFolder, this.#parts));
    write('kubelet.yaml', kubeletConfiguration(clusterFolder));
    this.#startEtcd();
    this.startApiServer();
    this.#start('containerd', join(this.#parts.containerd, 'containerd'), ['-c', 'containerd.toml']);
    await eventually('containerd', () => this.ctr('version'), startTimeoutMs);
    await this.load(
      await programImage({ name: pauseImage, command: 'pause', file: this.#parts.pause }),
      await programImage({ name: corednsImage, command: 'coredns', file: this.#parts.coredns, user: '0:0' }),
    );
    await this.untilApiServerAnswers();
    const conf = (name: string) => join(clusterFolder, 'pki', `${name}.conf`);
    const pki = (name: string) => join(clusterFolder, 'pki', name);
    this.#start('controller-manager', this.#parts.controllerManager, [
      ...[
        '--kubeconfig',
        conf('controller-manager'),
        '--root-ca-file',
        pki('ca.crt'),
        '--leader-elect=false',
      ],
      ...['--service-account-private-key-file', pki('sa.key'), '--use-service-account-credentials'],
      ...['--cluster-cidr', podNetwork, '--allocate-node-cidrs'],
    ]);
    this.#start('scheduler', this.#parts.scheduler, [
      '--kubeconfig',
      conf('scheduler'),
      '--leader-elect=false',
    ]);
    this.#start('kubelet', this.#parts.kubelet, [
      ...['--config', 'kubelet.yaml', '--kubeconfig', conf('node'), '--hostname-override', 'node1'],
      ...['--root-dir', join(clusterFolder, 'kubelet'), '--node-ip', this.#nodeIp],
      ...['--tls-cert-file', pki('node.crt'), '--tls-private-key-file', pki('node.key')],
    ]);
    this.#start('proxy', this.#parts.proxy, [
      ...['--kubeconfig', conf('proxy'), '--proxy-mode', 'iptables', '--cluster-cidr', podNetwork],
      ...['--hostname-override', 'node1'],
    ]);
    await this.apply(...clusterObjects);
    await eventually('the node', () => this.kubectl('get', 'node', 'node1'), startTimeoutMs);
    await this.kubectl('wait', '--for=condition=Ready', 'node/node1', '--timeout=120s');
    await this.kubectl('-n', 'kube-system', 'rollout', 'status', 'deploy/coredns', '--timeout=120s');
  }

  #startEtcd(): void {
    const [client, peer] = ['http://127.0.0.1:2379', 'http://127.0.0.1:2380'];
    this.#start('etcd', this.#parts.etcd, [
      ...['--data-dir', 'etcd', '--unsafe-no-fsync', '--log-level', 'warn'],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', `default=${peer}`],
    ]);
  }

  startApiServer(): void {
    const pki = (name: string) => join(clusterFolder, 'pki', name);
    this.#start('apiserver', this.#parts.apiserver, [
      ...['--etcd-servers', 'http://127.0.0.1:2379', '--secure-port', String(apiPort)],
      ...['--advertise-address', this.#nodeIp, '--service-cluster-ip-range', serviceNetwork],
      ...['--client-ca-file', pki('ca.crt'), '--authorization-mode', 'Node,RBAC', '--allow-privileged'],
      ...['--tls-cert-file', pki('apiserver.crt'), '--tls-private-key-file', pki('apiserver.key')],
      ...['--service-account-key-file', pki('sa.pub'), '--service-account-signing-key-file', pki('sa.key')],
      ...['--service-account-issuer', 'https://kubernetes.default.svc'],
      ...['--kubelet-client-certificate', pki('admin.crt'), '--kubelet-client-key', pki('admin.key')],
      ...['--kubelet-preferred-address-types', 'InternalIP'],
    ]);
  }

  async untilApiServerAnswers(): Promise<void> {
    await eventually('kube-apiserver', () => this.kubectl('get', '--raw', '/readyz'), startTimeoutMs);
  }

  /** Ends a part as a crash does. */
  async killPart(name: 'apiserver'): Promise<void> {
    await end(this.#processes.get(name), 'SIGKILL');
  }

  #start(name: string, program: string, args: readonly string[]): void {
    const log = openSync(join(clusterFolder, 'log', `${name}.log`), 'a');
    const PATH = `${this.#parts.containerd}:${process.env.PATH}:/usr/sbin:/sbin`;
    const child = spawn(program, args, {
      cwd: clusterFolder,
      env: { ...process.env, PATH },
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    child.unref();
    this.#processes.set(name, child);
    writeFileSync(join(clusterFolder, `${name}.pid`), String(child.pid));
  }

  async kubectl(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(this.#kubectl, ['--kubeconfig', this.kubeconfig, ...args], {
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  }

  async ctr(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(join(this.#parts.containerd, 'ctr'), [
      ...['-a', join(clusterFolder, 'containerd.sock'), '-n', 'k8s.io'],
      ...args,
    ]);
    return stdout;
  }

  async apply(...objects: readonly object[]): Promise<void> {
    const list = { apiVersion: 'v1', kind: 'List', items: objects };
    const file = join(clusterFolder, 'apply.json');
    writeFileSync(file, JSON.stringify(list));
    await this.kubectl('apply', '--server-side', '--force-conflicts', '-f', file);
  }

  /** Gives images to the node; each is an OCI archive. */
  async load(...archives: readonly Uint8Array[]): Promise<void> {
    const file = join(clusterFolder, 'image.tar');
    for (const archive of archives) {
      writeFileSync(file, archive);
      await this.ctr('image', 'import', file);
    }
    rmSync(file, { force: true });
  }

  /** Volumes that claims without a class bind to; their folders may be written by every user. */
  async makeVolumes(sizes: readonly string[]): Promise<void> {
    const volumes = sizes.map((size, index) => {
      const path = join(clusterFolder, 'volumes', String(index));
      mkdirSync(path, { recursive: true });
      return { path, object: folderVolume(`folder-${index}`, path, size) };
    });
    for (const { path } of volumes) await run('chmod', ['777', path]);
    await this.apply(...volumes.map(({ object }) => object));
  }

  /** Kills the process of a container. */
  async killContainer(namespace: string, pod: string, container: string): Promise<void> {
    const labels = { 'pod.namespace': namespace, 'pod.name': pod, 'container.name': container };
    const filter = Object.entries(labels).map(([key, text]) => `labels."io.kubernetes.${key}"==${text}`);
    const ids = (await this.ctr('containers', 'ls', '-q', filter.join(','))).trim().split('\n');
    const running = (await this.ctr('tasks', 'ls')).split('\n').filter((line) => line.includes('RUNNING'));
    const id = ids.find((each) => each !== '' && running.some((line) => line.startsWith(each)));
    if (id === undefined) throw new Error(`${namespace}/${pod}/${container} does not run`);
    await this.ctr('tasks', 'kill', '-s', 'SIGKILL', id);
  }

  /** The ends of all logs. */
  logs(): string {
    const folder = join(clusterFolder, 'log');
    if (!existsSync(folder)) return '';
    return readdirSync(folder)
      .map((name) => `--- ${name}\n${readFileSync(join(folder, name), 'utf8').slice(-1500)}`)
      .join('\n');
  }

  async stop(): Promise<void> {
    await removeCluster(this.#parts);
  }
}

/** Ends what an earlier or this cluster left and removes its folder. Only processes that it recorded are ended. */
export async function removeCluster(parts?: ClusterParts): Promise<void> {
  if (!existsSync(clusterFolder)) return;
  const endPart = async (name: string) => {
    const file = join(clusterFolder, `${name}.pid`);
    if (existsSync(file)) await endPid(Number(readFileSync(file, 'utf8')));
  };
  for (const name of ['kubelet', 'proxy', 'scheduler', 'controller-manager']) await endPart(name);
  const socket = join(clusterFolder, 'containerd.sock');
  if (parts !== undefined && existsSync(socket)) {
    const ctr = (...args: readonly string[]) =>
      run(join(parts.containerd, 'ctr'), ['-a', socket, '-n', 'k8s.io', ...args]).then(
        ({ stdout }) => stdout,
        () => '',
      );
    const list = async (what: string) => (await ctr(what, 'ls', '-q')).split('\n').filter((id) => id !== '');
    for (const id of await list('tasks')) await ctr('tasks', 'kill', '-s', 'SIGKILL', id);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    for (const id of await list('tasks')) await ctr('tasks', 'rm', '-f', id);
    for (const id of await list('containers')) await ctr('containers', 'rm', id);
  }
  for (const name of ['containerd', 'apiserver', 'etcd']) await endPart(name);
  for (const pid of shims()) process.kill(pid, 'SIGKILL');
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${clusterFolder}/`))
    .sort()
    .reverse();
  for (const path of mounts) await run('umount', ['-l', path]).catch(() => undefined);
  await run('ip', ['link', 'del', 'promfleet0']).catch(() => undefined);
  rmSync(clusterFolder, { recursive: true, force: true, maxRetries: 5 });
}

/** containerd's helpers, one a pod: they name the socket of this cluster. */
function shims(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const line = commandLine(pid);
      return line.includes('containerd-shim') && line.includes(`${clusterFolder}/containerd.sock`);
    });
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Ends a recorded process; one that does not work in our folder has only taken over the number. */
async function endPid(pid: number): Promise<void> {
  const isOurs = () => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === clusterFolder;
    } catch {
      return false;
    }
  };
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!isOurs()) return;
    process.kill(pid, signal);
    for (let turn = 0; turn < 40 && isOurs(); turn++)
      await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function end(child: ChildProcess | undefined, signal: 'SIGKILL'): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  await gone;
}

/** The machine's own address: pods reach the API server by it. */
function nodeAddress(): string {
  const found = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  if (found === undefined) throw new Error('this machine has no address but loopback');
  return found.address;
}
