import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { kubeBinaries } from './kube-binaries.ts';

export interface RealApiServer {
  readonly url: string;
  /** Certificate that signed the server's own. */
  readonly ca: string;
  /** Bearer token of a member of system:masters. */
  readonly token: string;
  /** Garbage collection, namespaces and service accounts work. */
  readonly hasControllers: boolean;
  kubeconfig(): Record<string, unknown>;
  stop(): Promise<void>;
}

const startTimeoutMs = 90_000;
const issuer = 'https://kubernetes.default.svc';

/**
 * A real kube-apiserver over its own etcd, on loopback, RBAC on, with the controllers that objects' lives depend
 * on. Everything lies in a folder of its own below the system's temporary folder and goes with `stop`.
 */
export async function startKubeApiServer(): Promise<RealApiServer> {
  const binaries = await kubeBinaries();
  const dir = mkdtempSync(join(tmpdir(), 'promfleet-kube-'));
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const token = randomBytes(24).toString('hex');
  const file = (name: string) => join(dir, name);
  const write = (name: string, text: string) => {
    writeFileSync(file(name), text, { mode: 0o600 });
    return file(name);
  };
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const signingKey = write('sa.key', privateKey);
  const processes: ChildProcess[] = [];
  const start = (name: string, program: string, args: readonly string[]) => {
    const log = openSync(file(`${name}.log`), 'a');
    const child = spawn(program, args, { cwd: dir, stdio: ['ignore', log, log] });
    closeSync(log);
    processes.push(child);
    return child;
  };
  const stop = async () => {
    for (const child of processes.reverse()) await end(child);
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const etcdUrl = `http://127.0.0.1:${etcdPort}`;
    const peerUrl = `http://127.0.0.1:${peerPort}`;
    start('etcd', binaries.etcd, [
      ...['--data-dir', file('etcd'), '--unsafe-no-fsync', '--log-level', 'warn'],
      ...['--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl],
      ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ...['--initial-cluster', `default=${peerUrl}`],
    ]);
    const apiserver = start('apiserver', binaries.apiserver, [
      ...['--bind-address', '127.0.0.1', '--secure-port', String(port), '--cert-dir', file('certs')],
      ...['--etcd-servers', etcdUrl, '--service-cluster-ip-range', '10.96.0.0/16'],
      ...['--token-auth-file', write('tokens.csv', `${token},admin,admin,"system:masters"\n`)],
      ...[
        '--service-account-key-file',
        write('sa.pub', publicKey),
        '--service-account-signing-key-file',
        signingKey,
      ],
      ...[
        '--service-account-issuer',
        issuer,
        '--authorization-mode',
        'RBAC',
        '--allow-privileged',
        // Its finalizer is taken off by a controller that needs nodes.
        '--disable-admission-plugins=StorageObjectInUseProtection',
      ],
    ]);
    const url = `https://127.0.0.1:${port}`;
    await waitReady(url, token, apiserver, file('apiserver.log'));
    const ca = readFileSync(file('certs/apiserver.crt'), 'utf8');
    const kubeconfig = () => kubeconfigFor(url, ca, token);
    if (binaries.controllerManager !== undefined)
      start('controller-manager', binaries.controllerManager, [
        ...['--kubeconfig', write('kcm.json', JSON.stringify(kubeconfig())), '--secure-port', '0'],
        ...['--service-account-private-key-file', signingKey, '--root-ca-file', file('certs/apiserver.crt')],
        ...['--leader-elect=false'],
        '--controllers=garbage-collector-controller,namespace-controller,serviceaccount-controller,root-ca-certificate-publisher-controller',
      ]);
    return { url, ca, token, hasControllers: binaries.controllerManager !== undefined, kubeconfig, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function kubeconfigFor(server: string, ca: string, token: string): Record<string, unknown> {
  const name = 'real';
  const cluster = { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
    'current-context': name,
  };
}

async function waitReady(url: string, token: string, child: ChildProcess, log: string): Promise<void> {
  const endMs = Date.now() + startTimeoutMs;
  while (Date.now() < endMs) {
    if (child.exitCode !== null) break;
    if ((await statusOf(`${url}/readyz`, token)) === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`kube-apiserver is not ready:\n${readFileSync(log, 'utf8').slice(-3000)}`);
}

/** The serving certificate is made by the server itself and not known yet. */
function statusOf(url: string, token: string): Promise<number> {
  return new Promise((resolve) => {
    const call = request(
      url,
      { headers: { authorization: `Bearer ${token}` }, rejectUnauthorized: false },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    call.on('error', () => resolve(0));
    call.end();
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await gone;
  clearTimeout(killer);
}
