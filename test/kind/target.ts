import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findOnPath } from '../../src/local/programs/path-search.ts';
import { eventually } from '../support/eventually.ts';
import { realProgram } from '../support/programs.ts';
import { OneNodeCluster } from './cluster/one-node.ts';

const run = promisify(execFile);

/** A cluster that the suite may break. */
export interface Cluster {
  readonly name: 'local' | 'kind';
  readonly kubeconfig: string;
  kubectl(...args: readonly string[]): Promise<string>;
  /** Gives OCI archives to the nodes. */
  load(...archives: readonly Uint8Array[]): Promise<void>;
  /** Ends the process of a container, as a crash does. */
  killContainer(namespace: string, pod: string, container: string): Promise<void>;
  /** Ends the API server; `startApiServer` waits until it answers. */
  stopApiServer(): Promise<void>;
  startApiServer(): Promise<void>;
  /** Ends the kubelet and starts it again. */
  restartKubelet(): Promise<void>;
  stop(): Promise<void>;
}

/** The cluster that PROMFLEET_CLUSTER asks for; see the README. */
export async function startCluster(): Promise<Cluster> {
  const wanted = process.env.PROMFLEET_CLUSTER ?? ((await kindWorks()) ? 'kind' : 'local');
  if (wanted === 'kind') return await KindCluster.start();
  if (wanted !== 'local') throw new Error(`PROMFLEET_CLUSTER is ${wanted}; it may be local or kind`);
  return await OneNodeCluster.start();
}

async function kindWorks(): Promise<boolean> {
  if (findOnPath('kind', process.env).length === 0) return false;
  return run('docker', ['version']).then(
    () => true,
    () => false,
  );
}

const kindName = 'promfleet-test';
const nodeName = `${kindName}-control-plane`;
const apiServerManifest = '/etc/kubernetes/manifests/kube-apiserver.yaml';
const patienceMs = 180_000;

/** One node by kind: its containers are inside of a container. */
class KindCluster implements Cluster {
  readonly name = 'kind';
  readonly kubeconfig: string;
  readonly #folder: string;
  readonly #kubectl: string;

  private constructor(folder: string, kubectl: string) {
    this.#folder = folder;
    this.#kubectl = kubectl;
    this.kubeconfig = join(folder, 'kubeconfig');
  }

  static async start(): Promise<KindCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'promfleet-kind-'));
    const cluster = new KindCluster(folder, await realProgram('kubectl'));
    await cluster.#kind('delete', 'cluster', '--name', kindName);
    await cluster.#kind('create', 'cluster', '--name', kindName, '--wait', '180s');
    return cluster;
  }

  #kind(...args: readonly string[]) {
    return run('kind', [...args, '--kubeconfig', this.kubeconfig]);
  }

  async kubectl(...args: readonly string[]): Promise<string> {
    const options = { maxBuffer: 64 * 1024 * 1024 };
    return (await run(this.#kubectl, ['--kubeconfig', this.kubeconfig, ...args], options)).stdout;
  }

  async load(...archives: readonly Uint8Array[]): Promise<void> {
    const file = join(this.#folder, 'image.tar');
    for (const archive of archives) {
      writeFileSync(file, archive);
      await run('kind', ['load', 'image-archive', file, '--name', kindName]);
    }
  }

  async killContainer(namespace: string, pod: string, container: string): Promise<void> {
    const labels = [`io.kubernetes.pod.namespace=${namespace}`, `io.kubernetes.pod.name=${pod}`];
    const id = await this.#inNode(
      'crictl',
      'ps',
      '-q',
      '--name',
      `^${container}$`,
      ...labels.flatMap((l) => ['--label', l]),
    );
    if (id === '') throw new Error(`${namespace}/${pod}/${container} does not run`);
    await this.#inNode('ctr', '-n', 'k8s.io', 'tasks', 'kill', '-s', 'SIGKILL', id);
  }

  /** The manifest of a static pod is taken away, and put back. */
  async stopApiServer(): Promise<void> {
    await this.#inNode('mv', apiServerManifest, '/etc/kubernetes/apiserver.yaml');
    await eventually(
      'the end of the API server',
      async () => ((await this.#answers()) ? undefined : true),
      patienceMs,
    );
  }

  async startApiServer(): Promise<void> {
    await this.#inNode('mv', '/etc/kubernetes/apiserver.yaml', apiServerManifest);
    await eventually('the API server', async () => ((await this.#answers()) ? true : undefined), patienceMs);
  }

  async restartKubelet(): Promise<void> {
    await this.#inNode('systemctl', 'kill', '--signal=SIGKILL', 'kubelet');
  }

  #answers(): Promise<boolean> {
    return this.kubectl('get', '--raw', '/readyz', '--request-timeout=2s').then(
      () => true,
      () => false,
    );
  }

  async #inNode(...args: readonly string[]): Promise<string> {
    return (await run('docker', ['exec', nodeName, ...args])).stdout.trim();
  }

  async stop(): Promise<void> {
    await this.#kind('delete', 'cluster', '--name', kindName);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
