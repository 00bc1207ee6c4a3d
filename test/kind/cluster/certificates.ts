import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const days = '30';
const curve = 'ec_paramgen_curve:P-256';
const key = ['-newkey', 'ec', '-pkeyopt', curve] as const;

/** Who identifies itself with a certificate: common name and organisation are user and group. */
const identities = {
  apiserver: { subject: '/CN=kube-apiserver', names: '' },
  admin: { subject: '/O=system:masters/CN=admin', names: '' },
  'controller-manager': { subject: '/CN=system:kube-controller-manager', names: '' },
  scheduler: { subject: '/CN=system:kube-scheduler', names: '' },
  proxy: { subject: '/CN=system:kube-proxy', names: '' },
  node: { subject: '/O=system:nodes/CN=system:node:node1', names: 'DNS:node1,IP:127.0.0.1' },
} as const;

export type Identity = keyof typeof identities;

/**
 * One authority, a certificate for each part and the keys that sign service account tokens, as files in `folder`:
 * `ca.crt`, `<identity>.crt`, `<identity>.key`, `<identity>.conf` (a kubeconfig), `sa.key`, `sa.pub`.
 */
export function issueCertificates(
  folder: string,
  options: { readonly server: string; readonly nodeIp: string },
): void {
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const file = (name: string) => join(folder, name);
  openssl(
    ...['req', '-x509', ...key, '-nodes', '-keyout', 'ca.key', '-out', 'ca.crt', '-days', days],
    ...['-subj', '/CN=promfleet-test', '-addext', 'keyUsage=critical,keyCertSign,digitalSignature'],
  );
  const serverNames = [
    ...['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'].map(
      (name) => `DNS:${name}`,
    ),
    ...['127.0.0.1', '10.96.0.1', options.nodeIp].map((address) => `IP:${address}`),
  ].join(',');
  for (const [name, { subject, names }] of Object.entries(identities)) {
    const own = name === 'node' ? `${names},IP:${options.nodeIp}` : names;
    const alternative = name === 'apiserver' ? serverNames : own || `DNS:${name}`;
    openssl('req', ...key, '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
    writeFileSync(
      file(`${name}.ext`),
      `subjectAltName=${alternative}\nextendedKeyUsage=serverAuth,clientAuth\n`,
    );
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-days', days, '-out', `${name}.crt`, '-extfile', `${name}.ext`],
    );
    writeFileSync(file(`${name}.conf`), kubeconfig(folder, name, options.server), { mode: 0o600 });
  }
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', curve, '-out', 'sa.key');
  openssl('pkey', '-in', 'sa.key', '-pubout', '-out', 'sa.pub');
}

function kubeconfig(folder: string, name: string, server: string): string {
  const path = (suffix: string) => join(folder, suffix);
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'local', cluster: { server, 'certificate-authority': path('ca.crt') } }],
    users: [{ name, user: { 'client-certificate': path(`${name}.crt`), 'client-key': path(`${name}.key`) } }],
    contexts: [{ name: 'local', context: { cluster: 'local', user: name } }],
    'current-context': 'local',
  });
}
