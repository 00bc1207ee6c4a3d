import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { issueCertificate, newPrivateKey } from '../../src/base/x509.ts';

/** A client certificate; nothing: none. */
export interface Credentials {
  readonly key?: string;
  readonly cert?: string;
}

/** Answer of a server: its status, or what became of the connection. */
export async function attempt(
  method: string,
  url: string,
  options: Credentials & { readonly body?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<number | 'refused'> {
  const { body, headers, ...credentials } = options;
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  return await new Promise((resolve) => {
    const call = send(
      url,
      {
        method,
        agent: false,
        timeout: 10_000,
        // Whoever attacks does not care whom it meets.
        ...(url.startsWith('https:') ? { rejectUnauthorized: false } : {}),
        ...credentials,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      },
      (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
        answer.on('error', () => resolve('refused'));
      },
    );
    call.on('timeout', () => call.destroy(new Error('no answer')));
    call.on('error', () => resolve('refused'));
    call.end(body);
  });
}

/** A certificate by an authority of the attacker's own, with any name. */
export function forged(dnsName: string): Required<Credentials> {
  const [authorityKey, key] = [newPrivateKey(), newPrivateKey()];
  const common = {
    serial: randomBytes(16),
    notBeforeMs: Date.now() - 3_600_000,
    notAfterMs: Date.now() + 3_600_000,
  };
  const cert = issueCertificate({
    ...common,
    commonName: dnsName,
    key,
    issuer: { name: 'attacker', key: authorityKey },
    authority: false,
    usages: ['server', 'client'],
    dnsNames: [dnsName],
  });
  return { key, cert };
}

/** Whether anything is answered to these raw bytes before the other side closes. */
export async function answersTo(host: string, port: number, bytes: Uint8Array): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host, port });
    let answered = false;
    socket.setTimeout(5_000, () => socket.destroy());
    socket.on('connect', () => socket.write(bytes));
    socket.on('data', (data: Buffer) => {
      // A TLS alert (RFC 8446, 5.1) says no.
      if (data[0] !== 0x15) answered = true;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answered));
  });
}
