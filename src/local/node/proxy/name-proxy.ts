import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** Address of a Service's name, or null for a name that is not a Service of this node. */
export type ResolveName = (host: string, port: number | null) => { host: string; port: number | null } | null;

/**
 * An HTTP proxy (RFC 9110, absolute-form and CONNECT) that knows the names of Services. Pods get it as HTTP_PROXY and
 * HTTPS_PROXY: a process has no DNS of a cluster, but every HTTP client that honours these variables then reaches
 * `name.namespace.svc` as it would in one. Other names are connected to directly.
 */
export async function startNameProxy(
  address: string,
  port: number,
  resolve: ResolveName,
): Promise<NameProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((incoming, outgoing) => forward(incoming, outgoing, resolve));
  server.on('connection', (socket) => track(sockets, socket));
  server.on('connect', (incoming, client: Socket, head: Buffer) => {
    const [, host = '', digits = '443'] = /^(.*?)(?::(\d+))?$/.exec(incoming.url ?? '') ?? [];
    const target = resolve(host, Number(digits)) ?? { host, port: Number(digits) };
    const upstream = connect({ host: target.host, port: target.port ?? Number(digits) }, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client);
      client.pipe(upstream);
    });
    track(sockets, upstream);
    upstream.on('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    client.on('error', () => upstream.destroy());
  });
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(port, address, done);
  });
  const { port: bound } = server.address() as AddressInfo;
  return { url: `http://${address}:${bound}`, close: () => close(server, sockets) };
}

export interface NameProxy {
  readonly url: string;
  close(): Promise<void>;
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, resolve: ResolveName): void {
  let url: URL;
  try {
    url = new URL(incoming.url ?? '');
  } catch {
    outgoing.writeHead(400).end('this is a proxy: the request must name a whole URL\n');
    return;
  }
  const port = url.port === '' ? 80 : Number(url.port);
  const target = resolve(url.hostname, port) ?? { host: url.hostname, port };
  const { 'proxy-connection': _, ...headers } = incoming.headers;
  const upstream = httpRequest(
    {
      host: target.host,
      port: target.port ?? port,
      method: incoming.method ?? 'GET',
      path: `${url.pathname}${url.search}`,
      headers,
    },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    },
  );
  upstream.on('error', (error) => {
    if (!outgoing.headersSent) outgoing.writeHead(502);
    outgoing.end(`${error.message}\n`);
  });
  outgoing.on('close', () => upstream.destroy());
  incoming.pipe(upstream);
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
}

async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of sockets) socket.destroy();
  await closed;
}
