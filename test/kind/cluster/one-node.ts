import { type ChildProcess, execFile } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../../support/eventually.ts';
import { realProgram } from '../../support/programs.ts';
import { issueCertificates } from './certificates.ts';
import { closeEnclosure, Enclosure, programOf } from './enclosure.ts';
import { programImage } from './images.ts';
import { clusterObjects, corednsImage, storageObjects } from './objects.ts';
import { type ClusterParts, clusterParts } from './parts.ts';
import {
  containerdConfiguration,
  dnsAddress,
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
  readonly name = 'local';
  readonly kubeconfig = join(clusterFolder, 'pki', 'admin.conf');
  readonly #parts: ClusterParts;
  readonly #kubectl: string;
  readonly #processes = new Map<string, ChildProcess>();
  readonly #enclosure: Enclosure;

  private constructor(parts: ClusterParts, kubectl: string, enclosure: Enclosure) {
    this.#parts = parts;
    this.#kubectl = kubectl;
    this.#enclosure = enclosure;
  }

  /** When `stays`, the cluster goes on running after this process. */
  static async start(options: { readonly stays?: boolean } = {}): Promise<OneNodeCluster> {
    if (process.getuid?.() !== 0)
      throw new Error('a local cluster needs root; PROMFLEET_CLUSTER=kind does not');
    const parts = await clusterParts();
    const kubectl = await realProgram('kubectl');
    await removeCluster();
    mkdirSync(join(clusterFolder, 'pki'), { recursive: true, mode: 0o711 });
    const enclosure = await Enclosure.open({
      folder: clusterFolder,
      holder: parts.hold,
      bound: options.stays !== true,
    });
    const cluster = new OneNodeCluster(parts, kubectl, enclosure);
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
    mkdirSync(join(clusterFolder, 'log'));
    mkdirSync(join(clusterFolder, 'cni'));
    issueCertificates(join(clusterFolder, 'pki'), {
      server: `https://${this.#enclosure.address}:${apiPort}`,
      nodeIp: this.#enclosure.address,
    });
    const write = (name: string, text: string) => writeFileSync(join(clusterFolder, name), text);
    write('cni/10-bridge.conflist', networkConfiguration());
    write('containerd.toml', containerdConfiguration(clusterFolder, this.#parts));
    write('kubelet.yaml', kubeletConfiguration(clusterFolder));
    write('resolv.conf', `nameserver ${dnsAddress}\n`);
    this.#startEtcd();
    this.#runApiServer();
    this.#start('containerd', join(this.#parts.containerd, 'containerd'), [
      '-c',
      join(clusterFolder, 'containerd.toml'),
    ]);
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
    this.#runKubelet();
    this.#start('proxy', this.#parts.proxy, [
      ...['--kubeconfig', conf('proxy'), '--proxy-mode', 'iptables', '--cluster-cidr', podNetwork],
      ...['--hostname-override', 'node1'],
    ]);
    await this.apply(...clusterObjects, ...storageObjects);
    this.#start('provisioner', process.execPath, [
      join(import.meta.dirname, 'provisioner.ts'),
      ...[conf('admin'), join(clusterFolder, 'volumes')],
    ]);
    await eventually('the node', () => this.kubectl('get', 'node', 'node1'), startTimeoutMs);
    await this.kubectl('wait', '--for=condition=Ready', 'node/node1', '--timeout=120s');
    await this.kubectl('-n', 'kube-system', 'rollout', 'status', 'deploy/coredns', '--timeout=120s');
  }

  #startEtcd(): void {
    const [client, peer] = ['http://127.0.0.1:2379', 'http://127.0.0.1:2380'];
    this.#start('etcd', this.#parts.etcd, [
      ...['--data-dir', join(clusterFolder, 'etcd'), '--unsafe-no-fsync', '--log-level', 'warn'],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', `default=${peer}`],
    ]);
  }

  /** Starts the API server and waits until it answers. */
  async startApiServer(): Promise<void> {
    this.#runApiServer();
    await this.untilApiServerAnswers();
  }

  #runApiServer(): void {
    const pki = (name: string) => join(clusterFolder, 'pki', name);
    this.#start('apiserver', this.#parts.apiserver, [
      ...['--etcd-servers', 'http://127.0.0.1:2379', '--secure-port', String(apiPort)],
      ...['--advertise-address', this.#enclosure.address, '--service-cluster-ip-range', serviceNetwork],
      ...['--client-ca-file', pki('ca.crt'), '--authorization-mode', 'Node,RBAC', '--allow-privileged'],
      ...['--tls-cert-file', pki('apiserver.crt'), '--tls-private-key-file', pki('apiserver.key')],
      ...['--service-account-key-file', pki('sa.pub'), '--service-account-signing-key-file', pki('sa.key')],
      ...['--service-account-issuer', 'https://kubernetes.default.svc'],
      ...['--kubelet-client-certificate', pki('admin.crt'), '--kubelet-client-key', pki('admin.key')],
      ...['--kubelet-preferred-address-types', 'InternalIP'],
    ]);
  }

  #runKubelet(): void {
    const pki = (name: string) => join(clusterFolder, 'pki', name);
    this.#start('kubelet', this.#parts.kubelet, [
      ...['--config', join(clusterFolder, 'kubelet.yaml'), '--kubeconfig', pki('node.conf')],
      ...['--root-dir', join(clusterFolder, 'kubelet'), '--node-ip', this.#enclosure.address],
      ...['--tls-cert-file', pki('node.crt'), '--tls-private-key-file', pki('node.key')],
      ...['--hostname-override', 'node1'],
    ]);
  }

  async untilApiServerAnswers(): Promise<void> {
    await eventually('kube-apiserver', () => this.kubectl('get', '--raw', '/readyz'), startTimeoutMs);
  }

  stopApiServer(): Promise<void> {
    return this.#killPart('apiserver');
  }

  async restartKubelet(): Promise<void> {
    await this.#killPart('kubelet');
    this.#runKubelet();
  }

  /** Ends a part as a crash does. */
  async #killPart(name: string): Promise<void> {
    const child = this.#processes.get(name);
    if (child === undefined || child.exitCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    process.kill(await programOf(child), 'SIGKILL');
    await gone;
  }

  #start(name: string, program: string, args: readonly string[]): void {
    const log = openSync(join(clusterFolder, 'log', `${name}.log`), 'a');
    const PATH = `${this.#parts.containerd}:${process.env.PATH}:/usr/sbin:/sbin`;
    const child = this.#enclosure.spawn(program, args, {
      env: { ...process.env, PATH },
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    child.unref();
    this.#processes.set(name, child);
  }

  async kubectl(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(this.#kubectl, ['--kubeconfig', this.kubeconfig, ...args], {
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  }

  async ctr(...args: readonly string[]): Promise<string> {
    const socket = join(clusterFolder, 'containerd.sock');
    const [program, all] = this.#enclosure.command(join(this.#parts.containerd, 'ctr'), [
      ...['-a', socket, '-n', 'k8s.io'],
      ...args,
    ]);
    return (await run(program, all)).stdout;
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
    await removeCluster();
  }
}

/** Ends what an earlier or this cluster left and removes its folder. */
export async function removeCluster(): Promise<void> {
  if (!existsSync(clusterFolder)) return;
  await closeEnclosure(clusterFolder);
  rmSync(clusterFolder, { recursive: true, force: true, maxRetries: 5 });
}
