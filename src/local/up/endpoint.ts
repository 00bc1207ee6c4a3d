import { randomBytes, X509Certificate } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { Random } from '../../base/random.ts';
import { createServerCertificate, type ServerCertificate } from '../apiserver/auth/certificate.ts';
import { localKubeconfig } from '../apiserver/auth/kubeconfig.ts';
import { freePort } from '../node/pod/addresses.ts';
import { readJsonFile, writeFileAtomically } from '../node/pod/files.ts';
import { endAllProcesses } from '../node/pod/leftovers.ts';
import type { Layout } from './layout.ts';

/**
 * The port of the last run, so that agents taken over still find the API; a free one when another program has it. Agents
 * of a run with another port are ended then.
 */
export async function choosePort(
  layout: Layout,
  say: (text: string) => void,
  clock: Clock,
  random: Random,
): Promise<number> {
  const file = join(layout.system, 'ports.json');
  const known = (await readJsonFile<{ apiserver: number }>(file))?.apiserver;
  if (known !== undefined && (await isFree(known))) return known;
  const port = await freePort(random);
  if (known !== undefined) {
    say(`port ${known} is taken, using ${port}`);
    await endAllProcesses(layout.node, limits.localStopGraceMs, clock);
  }
  await writeFileAtomically(file, JSON.stringify({ apiserver: port }));
  return port;
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

export interface Access extends ServerCertificate {
  /** Of the user of this machine. */
  readonly token: string;
}

/** How long a certificate must last when a run begins, and how long a new one does. */
const renewBeforeMs = 30 * 86_400_000;
const lifetimeMs = 10 * 365 * 86_400_000;

/**
 * Certificate and token of the API server, kept from run to run in a file that only its user reads; made anew where they are
 * missing or about to expire.
 */
export async function readAccess(layout: Layout, clock: Clock): Promise<Access> {
  const nowMs = clock.nowMs();
  const known = await readJsonFile<Access>(layout.access);
  if (known !== null && expiresMs(known) > nowMs + renewBeforeMs) return known;
  const certificate = createServerCertificate({
    serial: randomBytes(16),
    // Clocks step.
    notBeforeMs: nowMs - 86_400_000,
    notAfterMs: nowMs + lifetimeMs,
  });
  const access = { ...certificate, token: randomBytes(32).toString('base64url') };
  await writeFileAtomically(layout.access, JSON.stringify(access));
  return access;
}

function expiresMs({ certificate }: Access): number {
  try {
    return new X509Certificate(certificate).validToDate.getTime();
  } catch {
    return Number.NEGATIVE_INFINITY;
  }
}

/** Names the local API server; written for people and for the parts. */
export function kubeconfigText(port: number, access: Access): string {
  return `${JSON.stringify(localKubeconfig(`https://127.0.0.1:${port}`, access), null, 2)}\n`;
}
