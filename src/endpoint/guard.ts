import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { type AccessRules, decideAccess, type Verdict } from './access.ts';
import type { TlsFiles } from './tls-files.ts';

/** Options of a server that knows its clients by certificates: of all requests, whoever sends none is asked for more. */
export function serverTlsOptions(files: TlsFiles) {
  const { key, cert } = files.material;
  return {
    key,
    cert,
    ca: files.clientAuthorities,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2' as const,
  };
}

/** Who sends a request, and whether that is enough. */
export async function verdictOn(
  request: IncomingMessage,
  rules: AccessRules,
  files: TlsFiles | undefined,
): Promise<Verdict> {
  return await decideAccess(
    {
      certificate: files === undefined ? undefined : certificateOf(request, files),
      authorization: request.headers.authorization,
      header: (name) => {
        const value = request.headers[name];
        return Array.isArray(value) ? value[0] : value;
      },
    },
    rules,
  );
}

/** Lets a request through, or answers it. A question that cannot be answered now lets nobody in. */
export async function guard(
  request: IncomingMessage,
  response: ServerResponse,
  rules: AccessRules,
  files: TlsFiles | undefined,
): Promise<boolean> {
  let verdict: Verdict;
  try {
    verdict = await verdictOn(request, rules, files);
  } catch {
    answer(response, 503, 'who you are cannot be found out now', []);
    return false;
  }
  if (verdict.ok) return true;
  answer(response, verdict.status, verdict.message, verdict.challenges);
  return false;
}

function answer(
  response: ServerResponse,
  status: number,
  message: string,
  challenges: readonly string[],
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
    ...(challenges.length === 0 ? {} : { 'www-authenticate': [...challenges] }),
  });
  response.end(`${message}\n`);
}

function certificateOf(request: IncomingMessage, files: TlsFiles) {
  const socket = request.socket as TLSSocket;
  if (socket.authorized !== true) return undefined;
  const value = socket.getPeerX509Certificate();
  return value === undefined ? undefined : { value, own: files.isOwn(value) };
}
