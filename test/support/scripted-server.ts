import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';

const tlsDir = join(import.meta.dirname, '..', '..', 'src', 'kube', 'testdata', 'tls');
export const testTls = {
  dir: tlsDir,
  read: (file: string): string => readFileSync(join(tlsDir, file), 'utf8'),
};

export interface ReceivedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Common name of the client certificate. */
  readonly clientName: string | undefined;
}

export type Script = (request: ReceivedRequest, response: ServerResponse, number: number) => void;

export interface ScriptedServer {
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  /** Connections that are open now. */
  readonly openSockets: number;
  close(): Promise<void>;
}

/** An HTTP server on loopback that answers as `script` says; `number` counts requests from 1. */
export async function scriptedServer(
  script: Script,
  options: { readonly tls?: boolean } = {},
): Promise<ScriptedServer> {
  const requests: ReceivedRequest[] = [];
  const sockets = new Set<Socket>();
  const listener: RequestListener = (incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const peer =
        'getPeerCertificate' in incoming.socket
          ? (incoming.socket as PeerSocket).getPeerCertificate()
          : undefined;
      const request: ReceivedRequest = {
        method: incoming.method ?? '',
        url: new URL(incoming.url ?? '/', 'http://server'),
        headers: incoming.headers,
        body: Buffer.concat(parts).toString('utf8'),
        clientName: peer?.subject?.CN,
      };
      requests.push(request);
      script(request, response, requests.length);
    });
  };
  const server =
    options.tls === true
      ? createTlsServer(
          {
            key: testTls.read('server.key'),
            cert: testTls.read('server.crt'),
            ca: testTls.read('ca.crt'),
            requestCert: true,
            rejectUnauthorized: false,
          },
          listener,
        )
      : createServer(listener);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls === true ? 'https' : 'http'}://127.0.0.1:${port}`,
    requests,
    get openSockets() {
      return sockets.size;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface PeerSocket {
  getPeerCertificate(): { readonly subject?: { readonly CN?: string } };
}

export function answerJson(
  response: ServerResponse,
  code: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}

export function answerStatus(
  response: ServerResponse,
  code: number,
  reason: string,
  more: {
    readonly message?: string;
    readonly details?: object;
    readonly headers?: Record<string, string>;
  } = {},
): void {
  const { message = reason, details } = more;
  answerJson(
    response,
    code,
    { kind: 'Status', apiVersion: 'v1', code, reason, message, details },
    more.headers,
  );
}
